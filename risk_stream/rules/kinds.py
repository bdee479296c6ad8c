"""Numbers of the limit kinds, actions, modes and operators inside the compiled loop."""

from risk_stream.messages.limit import OPERATORS, Action, LimitKind, Mode

(
    MAX_ORDER_QUANTITY,
    MAX_ORDER_NOTIONAL,
    PRICE_COLLAR,
    RESTRICTED_SYMBOL,
    DUPLICATE_ORDER,
    ORDER_RATE,
    TURNOVER,
    OPEN_ORDERS,
    POSITION_SIZE,
    SECTOR_EXPOSURE,
    GROSS_EXPOSURE,
    NET_EXPOSURE,
    DRAWDOWN,
    VALUE_AGE,
    METRIC,
) = range(15)

KIND_NUMBERS = {kind: number for number, kind in enumerate(LimitKind)}

REJECT, WARN, HALT = range(3)
ACTION_NUMBERS = {Action.REJECT: REJECT, Action.WARN: WARN, Action.HALT: HALT}

MODE_ACTIVE, MODE_SHADOW, MODE_PAUSED = range(3)
MODE_NUMBERS = {Mode.ACTIVE: MODE_ACTIVE, Mode.SHADOW: MODE_SHADOW, Mode.PAUSED: MODE_PAUSED}

GREATER, AT_LEAST, LESS, AT_MOST, EQUAL, UNEQUAL = range(6)
OPERATOR_NUMBERS = {operator: number for number, operator in enumerate(OPERATORS)}
