"""What the exchange reports of the approved orders: most are filled, some in part, some cancelled."""

import random
from collections.abc import Collection, Iterator

from risk_stream.demo.account import Account, Sent
from risk_stream.demo.rounds import Message, message, money

FILLED_SHARE, PARTLY_SHARE = 0.8, 0.1
STRAY_SHARE = 0.003
"""Fills that no open order explains, as a busy day brings them: dead letters."""
FILL_DELAY_MS = 1_000


def executions(chance: random.Random, account: Account, approved: Collection[str]) -> Iterator[Message]:
    """The executions of the account's orders since it was last asked; books them too."""
    for order in account.sent:
        if order.order_id not in approved:
            continue
        draw = chance.random()
        if draw < FILLED_SHARE:
            yield _fill(account, order, order.quantity, "FILLED")
        elif draw < FILLED_SHARE + PARTLY_SHARE and order.quantity > 1:
            yield _fill(account, order, order.quantity // 2, "PARTIALLY_FILLED")
            yield _execution(account, order, "CANCELLED", {})
        else:
            yield _execution(account, order, "CANCELLED", {})
        if chance.random() < STRAY_SHARE:
            yield _fill(account, order, 1, "FILLED")
    account.sent.clear()


def _fill(account: Account, order: Sent, quantity: int, status: str) -> Message:
    account.fill(order, quantity)
    price = money(order.price_cents)
    return _execution(account, order, status, {"last_quantity": str(quantity), "last_price": price})


def _execution(account: Account, order: Sent, status: str, fill: dict[str, object]) -> Message:
    return message(
        account.portfolio_id,
        {
            "type": "EXECUTION",
            "order_id": order.order_id,
            "execution_id": account.next_execution_id(),
            "status": status,
            "symbol": order.symbol,
            "side": order.side,
            **fill,
            "ts": order.ts + FILL_DELAY_MS,
        },
    )
