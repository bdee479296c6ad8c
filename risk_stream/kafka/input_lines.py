"""JSON lines to input records: each line is judged by the decoder that the worker uses, before it is sent."""

from collections.abc import Callable
from typing import Final, NamedTuple

from risk_stream.kafka.publish import Outbound
from risk_stream.messages.decode import Route, decode_control, decode_order, decode_value
from risk_stream.messages.fault import Fault
from risk_stream.messages.json_object import JsonError, parse_object
from risk_stream.messages.murmur2 import partition_of
from risk_stream.messages.order import InvalidOrder


class BadLine(NamedTuple):
    """Why a line is no message; `detail` starts with the field at fault."""

    detail: str


def read_keyed(line: bytes, timestamp: int, partitions: int, decode: Callable[..., object]) -> Outbound | BadLine:
    """An order or a portfolio value: its key is its portfolio, which says the partition too."""
    key = _portfolio_of(line)
    route = Route(partition_of(key, partitions) if key else 0, partitions)
    message = decode(line, key, timestamp, route)
    if isinstance(message, Fault | InvalidOrder):
        return BadLine(message.detail)
    return Outbound(key, line, route.partition)


def read_order_line(line: bytes, timestamp: int, partitions: int) -> Outbound | BadLine:
    """A line of `orders`; `timestamp` is now, in epoch milliseconds."""
    return read_keyed(line, timestamp, partitions, decode_order)


def read_value_line(line: bytes, timestamp: int, partitions: int) -> Outbound | BadLine:
    """A line of `portfolio-values`: a valuation or an execution."""
    return read_keyed(line, timestamp, partitions, decode_value)


def read_control_line(line: bytes, timestamp: int, partitions: int) -> Outbound | BadLine:
    """A line of `controls`, which has one partition and no keys."""
    message = decode_control(line, timestamp)
    return BadLine(message.detail) if isinstance(message, Fault) else Outbound(None, line, 0)


LINE_READERS: Final = {
    "orders": read_order_line,
    "portfolio-values": read_value_line,
    "controls": read_control_line,
}
"""By topic."""


def _portfolio_of(line: bytes) -> bytes | None:
    try:
        portfolio_id = parse_object(line).get("portfolio_id")
    except JsonError:
        return None
    return portfolio_id.encode() if isinstance(portfolio_id, str) else None
