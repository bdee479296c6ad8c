"""The bytes of a record to a typed message, or to the reason why it is none. Nothing here raises on any input.

What is looked at first decides what a bad record is called: is it a JSON object with usable ids, is its key its
portfolio, is it on its key's partition, and only then is it what its type asks for. Details name the field and never
quote the value: they are part of byte-compared payloads.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from risk_stream.messages.control import Control
from risk_stream.messages.execution import Execution
from risk_stream.messages.fault import Fault, FaultReason
from risk_stream.messages.fields import FieldError, enum_or_none, one_of, required_enum, required_id
from risk_stream.messages.instant import ClockSkew
from risk_stream.messages.json_object import JsonError, JsonObject, parse_object
from risk_stream.messages.murmur2 import partition_of
from risk_stream.messages.order import InvalidOrder, Order
from risk_stream.messages.read_control import CONTROL_READERS, read_control
from risk_stream.messages.read_order import read_order
from risk_stream.messages.read_value import read_execution, read_valuation
from risk_stream.messages.valuation import Valuation

__all__ = ["Fault", "FaultReason", "Route", "decode_control", "decode_order", "decode_value"]

_ValueReader = Callable[[JsonObject, str, int], Valuation | Execution]
_VALUE_READERS: Final[dict[str, tuple[_ValueReader, FaultReason]]] = {
    "VALUATION": (read_valuation, FaultReason.INVALID_VALUATION),
    "EXECUTION": (read_execution, FaultReason.INVALID_EXECUTION),
}


class Route(NamedTuple):
    """The partition a record was read from, of `partitions` in all."""

    partition: int
    partitions: int


def decode_order(value: bytes | None, key: bytes | None, timestamp: int, route: Route) -> Order | InvalidOrder | Fault:
    """One record of `orders`; `timestamp` is the record's, in epoch milliseconds."""
    try:
        fields = parse_object(value)
        portfolio_id = required_id(fields, "portfolio_id")
        order_id = required_id(fields, "order_id")
    except JsonError as error:
        return Fault(FaultReason.MALFORMED_JSON, f"value: {error}")
    except FieldError as error:
        return Fault(FaultReason.UNUSABLE_ID, str(error))
    return _misrouted(portfolio_id, key, route) or read_order(fields, order_id, portfolio_id, timestamp)


def decode_value(value: bytes | None, key: bytes | None, timestamp: int, route: Route) -> Valuation | Execution | Fault:
    """One record of `portfolio-values`; `timestamp` is the record's, in epoch milliseconds."""
    try:
        fields = parse_object(value)
        portfolio_id = required_id(fields, "portfolio_id")
    except JsonError as error:
        return Fault(FaultReason.MALFORMED_JSON, f"value: {error}")
    except FieldError as error:
        return Fault(FaultReason.UNUSABLE_ID, str(error))
    return _misrouted(portfolio_id, key, route) or _read_value(fields, portfolio_id, timestamp)


def decode_control(value: bytes | None, timestamp: int) -> Control | Fault:
    """One record of `controls`; `timestamp` is the record's, in epoch milliseconds. Its key does not matter."""
    try:
        fields = parse_object(value)
    except JsonError as error:
        return Fault(FaultReason.MALFORMED_JSON, f"value: {error}")
    try:
        read_body = required_enum(fields, "type", CONTROL_READERS)
    except FieldError:
        return Fault(FaultReason.UNKNOWN_TYPE, f"type: must be {one_of(list(CONTROL_READERS))}")
    try:
        return read_control(fields, read_body, timestamp)
    except ClockSkew as error:
        return Fault(FaultReason.CLOCK_SKEW, str(error))
    except FieldError as error:
        return Fault(FaultReason.INVALID_CONTROL, str(error))


def _misrouted(portfolio_id: str, key: bytes | None, route: Route) -> Fault | None:
    encoded = portfolio_id.encode()
    if key != encoded:
        return Fault(FaultReason.KEY_MISMATCH, "key: is not the portfolio_id")
    if partition_of(encoded, route.partitions) != route.partition:
        return Fault(FaultReason.WRONG_PARTITION, "key: belongs to another partition (murmur2)")
    return None


def _read_value(fields: JsonObject, portfolio_id: str, timestamp: int) -> Valuation | Execution | Fault:
    try:
        read, invalid = enum_or_none(fields, "type", _VALUE_READERS) or _VALUE_READERS["VALUATION"]
    except FieldError as error:
        return Fault(FaultReason.UNKNOWN_TYPE, str(error))
    try:
        return read(fields, portfolio_id, timestamp)
    except ClockSkew as error:
        return Fault(FaultReason.CLOCK_SKEW, str(error))
    except FieldError as error:
        return Fault(invalid, str(error))
