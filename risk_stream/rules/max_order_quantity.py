"""MAX_ORDER_QUANTITY: the order's quantity."""

from risk_stream.rules.observation import QUANTITY_DIGITS, observe_integer
from risk_stream.state.compiled import compiled
from risk_stream.state.int128 import widen
from risk_stream.state.layout import Rows


@compiled
def observe_order(context: Rows, seen: Rows) -> None:
    """Observed: quantity."""
    high, low = widen(context[0].quantity)
    observe_integer(seen, high, low, QUANTITY_DIGITS)
