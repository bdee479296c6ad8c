"""JSON Schemas of the messages that are read."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from risk_stream.messages.control import Halt, Override, Rebase, Reduce, RemoveLimit, Resume, SetLimit
from risk_stream.messages.execution import Execution, ExecutionStatus
from risk_stream.messages.limit import DRAWDOWN_WINDOWS_MS, OPERATORS, Action, Limit, Mode, Scope, Unit
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.messages.order import Order, OrderType, Side
from risk_stream.messages.read_limit import ADVERSE_MOVE_MAX
from risk_stream.messages.schema_parts import (
    ID,
    MONEY,
    NAME,
    POSITIVE,
    SIGNED_QUANTITY,
    TEXT,
    TIME,
    Schema,
    constant,
    decimal,
    enum_of,
    input_object,
    nullable,
)
from risk_stream.messages.valuation import Position, Valuation

_DURATION: Final[Schema] = {
    "description": "ISO 8601: days, hours, minutes, seconds; 0.06 seconds to 30 days",
    "type": "string",
    "pattern": r"^P(?=.)([0-9.]+D)?(T(?=.)([0-9.]+H)?([0-9.]+M)?([0-9.]+S)?)?$",
}
_SIDE: Final = enum_of(Side)


def order_schema() -> Schema:
    """`orders`: a LIMIT order needs a price, a MARKET order does not."""
    parts = {
        **dict.fromkeys(("order_id", "portfolio_id", "symbol", "sector", "strategy_id", "trader_id"), ID),
        **dict.fromkeys(("quantity", "price", "reference_price"), POSITIVE),
        "side": _SIDE,
        "order_type": enum_of(OrderType),
        "ts": TIME,
    }
    schema = input_object(Order, parts, ("order_id", "portfolio_id", "symbol", "side", "quantity"))
    market = {"properties": {"order_type": constant(OrderType.MARKET)}, "required": ["order_type"]}
    return schema | {"if": market, "else": {"properties": {"price": POSITIVE}, "required": ["price"]}}


def valuation_schema() -> Schema:
    """`portfolio-values`, type VALUATION or absent."""
    position = {"symbol": ID, "quantity": SIGNED_QUANTITY, "price": POSITIVE, "sector": ID}
    parts = {
        "type": constant("VALUATION"),
        "portfolio_id": ID,
        "total_value": MONEY,
        "cash_flow": MONEY,
        "positions": {"type": "array", "items": input_object(Position, position, ("symbol", "quantity", "price"))},
        "metrics": {
            "type": "object",
            "propertyNames": NAME,
            "additionalProperties": {"type": ["number", "null"]},
        },
        "sequence": {"type": "integer", "minimum": 1 - 2**63, "maximum": 2**63 - 1},
        "ts": TIME,
    }
    return input_object(Valuation, parts, ("portfolio_id", "total_value"))


def execution_schema() -> Schema:
    """`portfolio-values`, type EXECUTION: a fill needs a quantity and a price, anything else has them ignored."""
    ignored: Schema = {}
    parts = {
        "type": constant("EXECUTION"),
        **dict.fromkeys(("portfolio_id", "order_id", "execution_id", "symbol"), ID),
        "status": enum_of(ExecutionStatus),
        "side": _SIDE,
        "last_quantity": ignored,
        "last_price": ignored,
        "ts": TIME,
    }
    schema = input_object(
        Execution, parts, ("type", "portfolio_id", "order_id", "execution_id", "status", "symbol", "side")
    )
    fills = enum_of(status for status in ExecutionStatus if status.is_fill)
    fill = {"properties": {"last_quantity": POSITIVE, "last_price": POSITIVE}}
    return schema | {
        "if": {"properties": {"status": fills}, "required": ["status"]},
        "then": fill | {"required": ["last_quantity", "last_price"]},
    }


def limit_schema() -> Schema:
    """A limit: what each kind needs is asked for, what it does not use is ignored."""
    anything: Schema = {}
    parts = {
        "limit_id": ID,
        "kind": enum_of(LimitKind),
        "scope": input_object(Scope, dict.fromkeys(Scope.__struct_fields__, ID), ()),
        "threshold": decimal("Bounds and decimals are those of what is observed", below=10**60),
        "warn_ratio": decimal("0 to 1", least=0, most=1),
        "action": enum_of(Action),
        "mode": enum_of(Mode),
        "effective_from": TIME,
        **dict.fromkeys(("window_ms", "unit", "adverse_move", "metric", "operator", "symbols"), anything),
    }
    schema = input_object(Limit, parts, ("limit_id", "kind"))
    properties = schema["properties"]
    # The type holds the window in milliseconds, the message has it as text.
    schema["properties"] = {"window" if name == "window_ms" else name: part for name, part in properties.items()}
    return schema | {"allOf": _limit_needs()}


def control_schema() -> Schema:
    """`controls`: one of seven types, each with an actor and a reason."""
    target = {"portfolio_id": ID, "scope": constant("ALL")}
    commands: dict[str, tuple[type[msgspec.Struct], dict[str, Schema], tuple[str, ...]]] = {
        "REMOVE_LIMIT": (RemoveLimit, {"limit_id": ID}, ("limit_id",)),
        "HALT": (Halt, target, ()),
        "REDUCE": (Reduce, target, ()),
        "RESUME": (Resume, target, ()),
        "OVERRIDE": (
            Override,
            {"order_id": ID, "portfolio_id": ID, "expires_at": TIME, "requested_by": TEXT, "approved_by": TEXT},
            ("order_id", "portfolio_id", "expires_at", "requested_by", "approved_by"),
        ),
        "REBASE": (Rebase, {"portfolio_id": ID}, ("portfolio_id",)),
    }
    set_limit = _command("SET_LIMIT", SetLimit, {"limit": {}}, ())
    del set_limit["properties"]["limit"]
    one_of = [{"allOf": [set_limit, limit_schema()]}]
    for kind, (struct, parts, required) in commands.items():
        command = _command(kind, struct, parts, required)
        one_of.append(command | _exactly_one_target() if parts is target else command)
    return {"oneOf": one_of}


def _command(kind: str, struct: type[msgspec.Struct], parts: dict[str, Schema], required: Iterable[str]) -> Schema:
    given = {"actor": TEXT, "reason": TEXT, "ts": TIME}
    return input_object(struct, {"type": constant(kind), **parts, **given}, ("type", *required, "actor", "reason"))


def _exactly_one_target() -> Schema:
    def given(name: str) -> Schema:
        return {"properties": {name: {"not": {"type": "null"}}}, "required": [name]}

    return {"oneOf": [given("portfolio_id"), given("scope")]}


def _limit_needs() -> list[Schema]:
    unsigned = decimal("Not negative", least=0, below=10**60)
    counted = {"threshold": unsigned}
    window = {"window": _DURATION}
    drawdown_window = {"window": enum_of(DRAWDOWN_WINDOWS_MS)}
    adverse = {"adverse_move": nullable(decimal(f"0 to {ADVERSE_MOVE_MAX}", least=0, most=ADVERSE_MOVE_MAX))}
    metric = {"metric": NAME, "operator": enum_of(OPERATORS)}
    restricted = {
        "symbols": {"type": "array", "items": ID},
        "threshold": nullable(decimal("0 or absent", least=0, most=0)),
    }
    others = [kind for kind in LimitKind if kind not in (LimitKind.METRIC, LimitKind.RESTRICTED_SYMBOL)]
    return [
        _for_kinds(others, counted, ["threshold"]),
        _for_kinds([LimitKind.METRIC], metric, ["threshold", "metric", "operator"]),
        _for_kinds([LimitKind.RESTRICTED_SYMBOL], restricted, ["symbols"]),
        _for_kinds([kind for kind in LimitKind if kind.rolling is not None], window, ["window"]),
        _for_kinds([LimitKind.DRAWDOWN], drawdown_window | adverse, ["window"]),
        _for_kinds([kind for kind in LimitKind if kind.exposure], {"unit": nullable(enum_of(Unit))}, []),
    ]


def _for_kinds(kinds: Sequence[LimitKind], properties: dict[str, Schema], required: list[str]) -> Schema:
    condition = {"properties": {"kind": enum_of(kinds)}, "required": ["kind"]}
    return {"if": condition, "then": {"properties": properties, "required": required}}
