"""The parts that decisions and violations share: the observed value, the utilisation, the inputs and the time."""

from typing import Any

import numba
import numpy as np
from numba import types

from risk_stream.messages.compiled import fragments
from risk_stream.messages.compiled.fragments import put_fragment
from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled
from risk_stream.messages.compiled.order_row import ORDER_ROW
from risk_stream.messages.compiled.result_row import OBSERVED_DOUBLE, OBSERVED_NULL, OBSERVED_SCALED, VIOLATION_ROW
from risk_stream.messages.compiled.scan_text import QUOTE
from risk_stream.messages.compiled.write_double import is_writable, put_double
from risk_stream.messages.compiled.write_number import put_integer, put_scaled
from risk_stream.messages.compiled.write_time import put_time

AT_SIGN = ord("@")
DASH = ord("-")

ORDER = numba.from_dtype(ORDER_ROW)
VIOLATION = numba.from_dtype(VIOLATION_ROW)


@compiled(types.boolean, VIOLATION)
def is_encodable(violation: Any) -> bool:
    """Whether both numbers of a violation are within what compiled code writes exactly."""
    if violation["observed_form"] == OBSERVED_DOUBLE and not is_writable(violation["observed"]):
        return False
    return bool(np.isnan(violation["utilisation"]) or is_writable(violation["utilisation"]))


@compiled(types.int64, POINTER, types.int64, VIOLATION)
def put_observed(out: Bytes, at: int, violation: Any) -> int:
    """The observed value as a JSON string, or null."""
    if violation["observed_form"] == OBSERVED_NULL:
        return put_fragment(out, at, fragments.NULL)
    out[at] = QUOTE
    if violation["observed_form"] == OBSERVED_SCALED:
        at = put_scaled(out, at + 1, violation["observed_hi"], violation["observed_lo"], violation["digits"])
    else:
        at = put_double(out, at + 1, violation["observed"])
    out[at] = QUOTE
    return at + 1


@compiled(types.int64, POINTER, types.int64, types.float64)
def put_utilisation(out: Bytes, at: int, utilisation: float) -> int:
    """The utilisation as a JSON string, or null."""
    if np.isnan(utilisation):
        return put_fragment(out, at, fragments.NULL)
    out[at] = QUOTE
    at = put_double(out, at + 1, utilisation)
    out[at] = QUOTE
    return at + 1


@compiled(types.int64, POINTER, types.int64, types.int64, types.int64, types.int64)
def put_position(out: Bytes, at: int, partition: int, separator: int, offset: int) -> int:
    """partition, separator, offset."""
    at = put_integer(out, at, partition)
    out[at] = separator
    return put_integer(out, at + 1, offset)


@compiled(types.int64, POINTER, types.int64, ORDER, types.int64, types.int64, types.int64)
def put_tail(out: Bytes, at: int, order: Any, value_offset: int, partition: int, controls: int) -> int:
    """`inputs` and `ts`, and the end of the object."""
    at = put_fragment(out, at, fragments.INPUTS_ORDER)
    at = put_position(out, at, partition, AT_SIGN, order["offset"])
    if value_offset < 0:
        at = put_fragment(out, at, fragments.INPUTS_NO_VALUE)
    else:
        at = put_fragment(out, at, fragments.INPUTS_VALUE)
        at = put_position(out, at, partition, AT_SIGN, value_offset)
        out[at] = QUOTE
        at += 1
    at = put_fragment(out, at, fragments.INPUTS_CONTROLS)
    at = put_integer(out, at, controls)
    at = put_fragment(out, at, fragments.TS)
    at = put_time(out, at, order["ts"])
    return put_fragment(out, at, fragments.END)
