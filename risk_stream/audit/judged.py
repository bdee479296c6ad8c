"""The part of a decision or event that counting needs, read from its payload."""

import msgspec


class Listed(msgspec.Struct, frozen=True):
    """A limit that a decision lists."""

    limit_id: str
    kind: str
    severity: str

    @property
    def refuses(self) -> bool:
        """Whether it is a violation that refuses an order."""
        return self.severity in ("HARD_BREACH", "CRITICAL")


class Judged(msgspec.Struct, frozen=True):
    """A decision."""

    decision_id: str
    order_id: str
    portfolio_id: str
    decision: str
    code: str
    violations: list[Listed]

    @property
    def approved(self) -> bool:
        """Whether the order may go on."""
        return self.decision == "APPROVED"

    @property
    def offset(self) -> int:
        """Of the order; a record read from a topic may name none (identity.py)."""
        return int(self.decision_id.rpartition("-")[2])

    def refused_by(self) -> list[str]:
        """Why it was refused: the limits, else the code (HALTED, REDUCING, INVALID_ORDER, DUPLICATE_ORDER_ID)."""
        return [one.limit_id for one in self.violations if one.refuses] or [self.code]


_decoder = msgspec.json.Decoder(Judged)


def read_decision(value: bytes | None) -> Judged | None:
    """The decision of a payload; None when it is none."""
    try:
        return _decoder.decode(value or b"")
    except msgspec.MsgspecError:
        return None
