"""The one final decision of an order, and its bytes. The reference for the compiled encoder."""

from enum import StrEnum
from typing import Final

import msgspec

from risk_stream.messages.inputs import Inputs, encode_inputs
from risk_stream.messages.instant import format_time
from risk_stream.messages.json_text import quoted, quoted_or_null
from risk_stream.messages.limit_kind import LimitKind


class Verdict(StrEnum):
    """What became of the order."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class Severity(StrEnum):
    """WARNING is warned; a violation is SOFT_BREACH (action WARN), HARD_BREACH (REJECT) or CRITICAL (HALT)."""

    WARNING = "WARNING"
    SOFT_BREACH = "SOFT_BREACH"
    HARD_BREACH = "HARD_BREACH"
    CRITICAL = "CRITICAL"


class NotEvaluable(StrEnum):
    """The input that a limit misses, in the order in which they are looked for."""

    NO_VALUATION = "NO_VALUATION"
    NO_PRICE = "NO_PRICE"
    NO_REFERENCE_PRICE = "NO_REFERENCE_PRICE"
    NO_SECTOR = "NO_SECTOR"
    NO_METRIC = "NO_METRIC"
    TOTAL_VALUE_NOT_POSITIVE = "TOTAL_VALUE_NOT_POSITIVE"
    PEAK_NOT_POSITIVE = "PEAK_NOT_POSITIVE"


DECISION_CODES: Final = (
    "OK",
    "OVERRIDDEN",
    "INVALID_ORDER",
    "DUPLICATE_ORDER_ID",
    "HALTED",
    "REDUCING",
    "NOT_EVALUABLE",
    *(kind.value for kind in LimitKind),
)
"""Every `code` there is; a limit's kind where that limit is why the order was rejected."""


class ListedLimit(msgspec.Struct, frozen=True, gc=False):
    """A violated or warned limit of a decision. Numbers as plain decimal text (see `money`)."""

    limit_id: str
    kind: LimitKind
    severity: Severity
    observed: str | None
    threshold: str
    utilisation: str | None
    reason: NotEvaluable | None
    """Only where it could not be evaluated; else the field is left out of the payload."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """The answer to one record of `orders`. `ts` is the order's, in epoch milliseconds."""

    decision_id: str
    order_id: str
    portfolio_id: str
    symbol: str | None
    decision: Verdict
    code: str
    detail: str | None
    """INVALID_ORDER only; else the field is left out of the payload."""
    violations: tuple[ListedLimit, ...]
    limits_evaluated: int
    inputs: Inputs
    ts: int


def encode_decision(decision: Decision) -> bytes:
    """The payload, fields in the order of the contract."""
    detail = "" if decision.detail is None else f'"detail":{quoted(decision.detail)},'
    return (
        f'{{"type":"DECISION","decision_id":{quoted(decision.decision_id)},"order_id":{quoted(decision.order_id)},'
        f'"portfolio_id":{quoted(decision.portfolio_id)},"symbol":{quoted_or_null(decision.symbol)},'
        f'"decision":"{decision.decision}","code":"{decision.code}",{detail}'
        f'"violations":[{",".join(map(_listed, decision.violations))}],"limits_evaluated":{decision.limits_evaluated},'
        f'"inputs":{encode_inputs(decision.inputs)},"ts":"{format_time(decision.ts)}"}}'
    ).encode()


def _listed(limit: ListedLimit) -> str:
    reason = "" if limit.reason is None else f',"reason":"{limit.reason}"'
    return (
        f'{{"limit_id":{quoted(limit.limit_id)},"kind":"{limit.kind}","severity":"{limit.severity}",'
        f'"observed":{quoted_or_null(limit.observed)},"threshold":{quoted(limit.threshold)},'
        f'"utilisation":{quoted_or_null(limit.utilisation)}{reason}}}'
    )
