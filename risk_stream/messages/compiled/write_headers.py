"""The CloudEvents headers of the violations by orders, in one compiled pass. Twin of `headers.event_headers`."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled.encode_decision import LEFT_OUT, VIOLATIONS
from risk_stream.messages.compiled.encode_value import ORDER, VIOLATION
from risk_stream.messages.compiled.jit import BUFFER, INT64S, POINTER, TEXT, Bytes, compiled, pair_of, rows_of
from risk_stream.messages.compiled.limit_pieces import LIMIT_ID, PIECES
from risk_stream.messages.compiled.order_row import ORDER_ROW
from risk_stream.messages.compiled.pool import pool_of
from risk_stream.messages.compiled.write_number import POWERS, UNSIGNED_BYTES_MAX, put_unsigned
from risk_stream.messages.compiled.write_text import put_bytes
from risk_stream.messages.compiled.write_time import TIME_BYTES, is_writable_time, put_time
from risk_stream.messages.compiled.write_varint import VARINT_BYTES_MAX, put_varint
from risk_stream.messages.headers import VIOLATION_TYPE

Rows = npt.NDArray[np.void]
NDInt64 = npt.NDArray[np.int64]


def _short(text: str) -> str:
    """A text behind its length, which must be one varint byte."""
    if len(text) > 63:
        raise ValueError(f"{text!r} is longer than 63 bytes")
    return chr(2 * len(text)) + text


# Text around the values that differ, in order. Seven headers in all.
FIXED = pool_of(
    (
        chr(2 * 7) + _short("ce_specversion") + _short("1.0") + _short("ce_id"),
        _short("ce_type") + _short(VIOLATION_TYPE) + _short("ce_source"),
        _short("ce_subject"),
        _short("ce_time") + chr(2 * TIME_BYTES),
        _short("content-type") + _short("application/json"),
        ":o:",
    )
)
FIXED_TEXT, FIXED_STARTS = FIXED
BY_ORDER = 5
COLON = ord(":")
SLASH = ord("/")
AT = ord("@")

HEADERS_BYTES_MAX = int(FIXED_STARTS[-1]) + TIME_BYTES + 3 * VARINT_BYTES_MAX + 4 * (UNSIGNED_BYTES_MAX + 1)
"""All but the topic, the limit's id and the portfolio's id."""


@compiled(types.int64, POINTER, types.int64, types.int64, inline=True)
def put_fixed(out: Bytes, at: int, number: int) -> int:
    """One of the fixed texts."""
    start = FIXED_STARTS[number]
    length = FIXED_STARTS[number + 1] - start
    for i in range(length):
        out[at + i] = FIXED_TEXT[start + i]
    return at + int(length)


@compiled(types.int64, types.int64)
def digits_of(number: int) -> int:
    """Digits of a number of at least 0."""
    digits = 1
    while digits < UNSIGNED_BYTES_MAX and np.uint64(number) >= POWERS[np.uint64(digits)]:
        digits += 1
    return digits


@compiled(types.int64, POINTER, types.int64, VIOLATION, ORDER, POINTER, INT64S, POINTER, types.int64, types.int64)
def put_causes(
    out: Bytes,
    at: int,
    violation: Any,
    order: Any,
    pieces: Bytes,
    starts: NDInt64,
    topic: Bytes,
    topic_len: int,
    partition: int,
) -> int:
    """From the number of headers to the source."""
    piece = int(violation["limit"]) * PIECES + LIMIT_ID
    id_len = starts[piece + 1] - starts[piece]
    place_len = digits_of(partition) + digits_of(order["offset"]) + 1
    at = put_fixed(out, at, 0)
    at = put_varint(out, at, id_len + 3 + place_len)
    at = put_bytes(out, at, pieces, starts[piece], id_len)
    at = put_fixed(out, at, BY_ORDER)
    at = put_unsigned(out, at, np.uint64(partition))
    out[at] = COLON
    at = put_unsigned(out, at + 1, np.uint64(order["offset"]))
    at = put_fixed(out, at, 1)
    at = put_varint(out, at, topic_len + 1 + place_len)
    at = put_bytes(out, at, topic, 0, topic_len)
    out[at] = SLASH
    at = put_unsigned(out, at + 1, np.uint64(partition))
    out[at] = AT
    return put_unsigned(out, at + 1, np.uint64(order["offset"]))


@compiled(
    pair_of(types.int64, types.int64),
    BUFFER,
    rows_of(ORDER_ROW, readonly=True),
    TEXT,
    VIOLATIONS,
    TEXT,
    INT64S,
    TEXT,
    types.int64,
    types.Array(types.int64, 1, "C"),
    types.Array(types.int64, 1, "C"),
)
def write_headers(
    buffer: Bytes,
    orders: Rows,
    batch_text: Bytes,
    violations: Rows,
    limit_text: Bytes,
    limit_starts: NDInt64,
    topic_text: Bytes,
    partition: int,
    starts: NDInt64,
    ends: NDInt64,
) -> tuple[int, int]:
    """Write the block of violation i to buffer[starts[i]:ends[i]]; the position behind the last, and how many are left
    out.

    ends[i] is LEFT_OUT for what is left to the reference.
    """
    out: Any = buffer.ctypes
    text: Any = batch_text.ctypes
    pieces: Any = limit_text.ctypes
    topic: Any = topic_text.ctypes
    at = 0
    left_out = 0
    for i in range(violations.size):
        violation = violations[i]
        order = orders[violation["record"]]
        starts[i] = at
        if not is_writable_time(order["ts"]):
            ends[i] = LEFT_OUT
            left_out += 1
            continue
        at = put_causes(out, at, violation, order, pieces, limit_starts, topic, topic_text.size, partition)
        at = put_fixed(out, at, 2)
        at = put_varint(out, at, order["portfolio_id_len"])
        at = put_bytes(out, at, text, order["portfolio_id_at"], order["portfolio_id_len"])
        at = put_fixed(out, at, 3)
        at = put_time(out, at, order["ts"])
        at = put_fixed(out, at, 4)
        ends[i] = at
    return at, left_out
