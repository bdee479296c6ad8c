"""The constant texts of decisions and violations, numbered for compiled code."""

import numpy as np
from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled
from risk_stream.messages.compiled.pool import pool_of
from risk_stream.messages.compiled.result_row import CODES, EVENTS, REASONS, SEVERITIES

_texts: list[str] = []


def _number(*texts: str) -> int:
    """Take texts into the pool; the number of the first, the others follow."""
    _texts.extend(texts)
    return len(_texts) - len(texts)


CODE = _number(*CODES)
EVENT = _number(*EVENTS)
SEVERITY = _number(*SEVERITIES)
REASON = _number(*REASONS)

NULL = _number("null")
QUOTE = _number('"')
ORDER_ID = _number('","order_id":"')
PORTFOLIO_ID = _number('","portfolio_id":"')
SYMBOL = _number('","symbol":"')

INPUTS_ORDER = _number(',"inputs":{"order":"')
INPUTS_VALUE = _number('","value":"')
INPUTS_NO_VALUE = _number('","value":null')
INPUTS_CONTROLS = _number(',"controls":')
TS = _number('},"ts":"')
END = _number('"}')

DECISION_ID = _number('{"type":"DECISION","decision_id":"')
DECISION_APPROVED = _number('","decision":"APPROVED","code":"')
DECISION_REJECTED = _number('","decision":"REJECTED","code":"')
DECISION_VIOLATIONS = _number('","violations":[')
DECISION_LIMITS = _number('],"limits_evaluated":')
LISTED_OBSERVED = _number('","observed":')
LISTED_REASON = _number(',"reason":"')

VIOLATION_ID = _number('{"type":"VIOLATION","violation_id":"')
VIOLATION_BY_ORDER = _number(":o:")
VIOLATION_EVENT = _number('","event":"')
VIOLATION_TRIGGER = _number('","trigger":"ORDER"')
VIOLATION_SECTOR = _number('","sector":')
VIOLATION_OBSERVED = _number(',"observed":')
VIOLATION_REASON = _number(',"reason":')

TEXT, STARTS = pool_of(_texts)
BYTES_MAX = int(np.diff(STARTS).sum())
"""More than the constant texts of any one output: the texts it leaves out (all codes but one, and the like) are far
longer than the nulls, quotes and commas that it repeats."""


@compiled(types.int64, POINTER, types.int64, types.int64, inline=True)
def put_fragment(out: Bytes, at: int, number: int) -> int:
    """Write a constant text. With a constant number the loop unrolls into a few stores."""
    start = STARTS[number]
    length = STARTS[number + 1] - start
    for i in range(length):
        out[at + i] = TEXT[start + i]
    return at + int(length)
