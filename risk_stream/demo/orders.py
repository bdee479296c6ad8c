"""What the portfolios of the made-up market want to trade: mostly sensible orders, and now and then a slip."""

import random

from risk_stream.demo.account import Account, Sent
from risk_stream.demo.prices import RESTRICTED, Symbol
from risk_stream.demo.rounds import Message, message, money

# How often each slip happens; the rest are plain orders.
SLIPS = {
    "fat finger": 0.02,  # 50 times the size
    "far price": 0.01,
    "restricted": 0.01,
    "twice": 0.01,  # the same order under another id
    "id again": 0.003,
    "invalid": 0.003,
    "no reference": 0.005,
    "market": 0.05,  # no slip: a MARKET order
}
NOTIONAL_SHARE_MAX = 0.06


class OrderFlow:
    """Draws the orders of accounts; an account remembers those that may be filled."""

    def __init__(self, chance: random.Random, symbols: list[Symbol]) -> None:
        self._chance, self._symbols = chance, symbols
        self._sectors = {one.name: one.sector for one in (*symbols, RESTRICTED)}

    def order(self, account: Account, prices: dict[str, int], ts: int) -> Message:
        """One order at epoch millisecond `ts`."""
        chance = self._chance
        [slip] = chance.choices([*SLIPS, ""], [*SLIPS.values(), 1 - sum(SLIPS.values())])
        before = account.sent[-1] if account.sent else None
        if before and slip == "id again":
            return self._send(account, before._replace(ts=ts), prices, "")
        if before and slip == "twice":
            return self._send(account, before._replace(order_id=account.next_order_id(), ts=ts), prices, "")
        order = self._plain(account, prices, ts)
        if slip == "fat finger":
            order = order._replace(quantity=order.quantity * 50)
        elif slip == "far price":
            order = order._replace(price_cents=order.price_cents * 5 // 4)
        elif slip == "restricted":
            order = order._replace(symbol=RESTRICTED.name)
        return self._send(account, order, prices, slip)

    def _plain(self, account: Account, prices: dict[str, int], ts: int) -> Sent:
        chance = self._chance
        sell = bool(account.held) and chance.random() < 0.45
        symbol = chance.choice(list(account.held)) if sell else chance.choice(self._symbols).name
        price = max(1, round(prices[symbol] * chance.uniform(0.99, 1.01)))
        worth = max(account.total_value(prices), 1_000_000) * chance.uniform(0.001, NOTIONAL_SHARE_MAX)
        quantity = max(1, int(worth) // price)
        if sell and account.held[symbol] > 0:
            quantity = min(quantity, account.held[symbol])
        return Sent(account.next_order_id(), symbol, "SELL" if sell else "BUY", quantity, price, ts)

    def _send(self, account: Account, order: Sent, prices: dict[str, int], slip: str) -> Message:
        price: dict[str, object] = {"price": money(order.price_cents)}
        if slip == "market":
            price = {"order_type": "MARKET"}
        if slip != "no reference":
            price["reference_price"] = money(prices[order.symbol])
        if slip == "invalid":
            order = order._replace(quantity=0)
        elif order.order_id not in [one.order_id for one in account.sent]:
            account.sent.append(order)
        return message(
            account.portfolio_id,
            {
                "order_id": order.order_id,
                "symbol": order.symbol,
                "side": order.side,
                "quantity": str(order.quantity),
                **price,
                "sector": self._sectors[order.symbol],
                "strategy_id": f"S{account.orders % 4}",
                "ts": order.ts,
            },
        )
