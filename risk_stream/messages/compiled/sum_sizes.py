"""How much text the outputs of a batch of orders copy, in one compiled pass: what their buffers are sized by."""

import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled.encode_decision import VIOLATIONS
from risk_stream.messages.compiled.encode_value import ORDER
from risk_stream.messages.compiled.jit import INT64S, compiled, rows_of
from risk_stream.messages.compiled.order_row import ORDER_ROW

Rows = npt.NDArray[np.void]
NDInt64 = npt.NDArray[np.int64]
SUMS = types.UniTuple(types.int64, 5)  # type: ignore[no-untyped-call]


@compiled(types.int64, ORDER, inline=True)
def id_bytes(order: np.void) -> int:
    """Bytes of the ids of an order that go into its outputs."""
    return int(order["order_id_len"]) + int(order["portfolio_id_len"]) + int(order["symbol_len"])


@compiled(SUMS, rows_of(ORDER_ROW, readonly=True), VIOLATIONS, INT64S)
def sum_sizes(orders: Rows, violations: Rows, limit_sizes: NDInt64) -> tuple[int, int, int, int, int]:
    """The fields of TextSizes (encode_batch.py); `limit_sizes` are the bytes of all pieces of each limit."""
    ids, violating, portfolios, sectors, pieces = 0, 0, 0, 0, 0
    for i in range(orders.size):
        ids += id_bytes(orders[i])
    for i in range(violations.size):
        violation = violations[i]
        order = orders[violation["record"]]
        violating += id_bytes(order)
        portfolios += int(order["portfolio_id_len"])
        sectors += int(violation["sector_len"])
        pieces += limit_sizes[violation["limit"]]
    return ids, violating, portfolios, sectors, pieces
