"""Numbers of the limit kinds, actions, modes, operators and standing evaluations inside the compiled loop."""

from risk_stream.messages.limit import OPERATORS, Action, Mode
from risk_stream.messages.limit_kind import LimitKind, Standing

KIND_NUMBERS = {kind: number for number, kind in enumerate(LimitKind)}

REJECT, WARN, HALT = range(3)
ACTION_NUMBERS = {Action.REJECT: REJECT, Action.WARN: WARN, Action.HALT: HALT}

MODE_ACTIVE, MODE_SHADOW, MODE_PAUSED = range(3)
MODE_NUMBERS = {Mode.ACTIVE: MODE_ACTIVE, Mode.SHADOW: MODE_SHADOW, Mode.PAUSED: MODE_PAUSED}

GREATER, AT_LEAST, LESS, AT_MOST, EQUAL, UNEQUAL = range(6)
OPERATOR_NUMBERS = {operator: number for number, operator in enumerate(OPERATORS)}

NEVER, ONCE, PER_SYMBOL, PER_SECTOR = range(4)
STANDING_NUMBERS = {
    Standing.NEVER: NEVER,
    Standing.ONCE: ONCE,
    Standing.PER_SYMBOL: PER_SYMBOL,
    Standing.PER_SECTOR: PER_SECTOR,
}
