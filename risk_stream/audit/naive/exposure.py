"""Position values in money, signed: what a portfolio holds and what it would hold after an order."""

from risk_stream.audit.naive.numbers import money_product
from risk_stream.audit.naive.orders import Order
from risk_stream.audit.naive.portfolio import Portfolio


def held_value(portfolio: Portfolio, symbol: str) -> int:
    """quantity held x mark; whatever is held has a mark: its snapshot's, or its fill's."""
    mark = portfolio.holdings.mark(symbol)
    assert mark is not None
    return money_product(portfolio.holdings.held.get(symbol, 0), mark)


def own_value_after(portfolio: Portfolio, order: Order, price: int) -> int:
    """The order's own symbol: (held + open in its direction) x mark + the order; without a mark at its price."""
    mark = portfolio.holdings.mark(order.symbol)
    before = directed_quantity(portfolio, order.symbol, order.side)
    notional = order.notional_at(price)
    return money_product(before, price if mark is None else mark) + (notional if order.side == "BUY" else -notional)


def directed_quantity(portfolio: Portfolio, symbol: str, side: str) -> int:
    """Quantity held plus the open quantity of one direction, signed."""
    open_quantity = portfolio.open_orders.quantity(symbol, side)
    return portfolio.holdings.held.get(symbol, 0) + (open_quantity if side == "BUY" else -open_quantity)


def other_symbols(portfolio: Portfolio, order: Order) -> list[str]:
    """Symbols with something held or open, the order's own left out."""
    return sorted({*portfolio.holdings.held, *portfolio.open_orders.symbols()} - {order.symbol})


def other_value(portfolio: Portfolio, symbol: str, side: str) -> int | None:
    """(held + open in one direction) x mark; None without a mark, where there is anything to value."""
    quantity, mark = directed_quantity(portfolio, symbol, side), portfolio.holdings.mark(symbol)
    if quantity == 0:
        return 0
    return None if mark is None else money_product(quantity, mark)


def other_gross_value(portfolio: Portfolio, symbol: str) -> int | None:
    """The absolute value with the open buys or with the open sells, whichever is larger; None without a mark."""
    values = [other_value(portfolio, symbol, side) for side in ("BUY", "SELL")]
    known = [abs(value) for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def gross_after(portfolio: Portfolio, order: Order, price: int) -> int | None:
    """Sum of |value after| over all symbols; None when one of them has no mark."""
    return sum_of(
        [other_gross_value(portfolio, symbol) for symbol in other_symbols(portfolio, order)],
        abs(own_value_after(portfolio, order, price)),
    )


def net_after(portfolio: Portfolio, order: Order, price: int) -> int | None:
    """|Sum of signed values after| over all symbols; None when one that counts in the direction has no mark."""
    total = sum_of(
        [other_value(portfolio, symbol, order.side) for symbol in other_symbols(portfolio, order)],
        own_value_after(portfolio, order, price),
    )
    return None if total is None else abs(total)


def sector_after(portfolio: Portfolio, order: Order, price: int, sector: str) -> int | None:
    """Sum of |value after| over the sector the order's symbol is in; None when one of its symbols has no mark."""
    others = [symbol for symbol in other_symbols(portfolio, order) if portfolio.holdings.sector(symbol) == sector]
    return sum_of(
        [other_gross_value(portfolio, symbol) for symbol in others], abs(own_value_after(portfolio, order, price))
    )


def sum_of(values: list[int | None], start: int) -> int | None:
    """The sum, None when one of the values is."""
    known = [value for value in values if value is not None]
    return start + sum(known) if len(known) == len(values) else None
