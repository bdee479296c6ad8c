"""Writing a violation row."""

import math

import numpy as np

from risk_stream.decide.results import VIOLATIONS, Results
from risk_stream.messages.compiled.result_row import (
    CRITICAL,
    HARD_BREACH,
    OBSERVED_NULL,
    SEVERITY_WARNING,
    SOFT_BREACH,
)
from risk_stream.rules import kinds
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import Rows, State


@compiled
def severity_of(action: int, breached: bool) -> int:
    """WARNING, or by action SOFT_BREACH, HARD_BREACH, CRITICAL."""
    if not breached:
        return SEVERITY_WARNING
    if action == kinds.WARN:
        return SOFT_BREACH
    if action == kinds.HALT:
        return CRITICAL
    return HARD_BREACH


@compiled
def report(
    results: Results,
    record: int,
    limit: int,
    event: int,
    severity: int,
    listed: bool,
    seen: Rows,
    utilisation: float,
) -> int:
    """Append a violation row with what was observed; its index."""
    at = results.count[VIOLATIONS]
    results.count[VIOLATIONS] = at + 1
    row = results.violations[at]
    observation = seen[0]
    row.record = np.int32(record)
    row.limit = np.int32(limit)
    row.event = np.int8(event)
    row.severity = np.int8(severity)
    row.listed = np.int8(1) if listed else np.int8(0)
    row.reason = observation.reason
    row.observed_form = observation.form
    row.digits = observation.digits
    row.observed_hi = observation.high
    row.observed_lo = observation.low
    row.observed = observation.value
    row.utilisation = utilisation
    row.sector_at = np.int32(0)
    row.sector_len = np.int32(0)
    results.keys[at] = np.int32(-1)
    return at


@compiled
def name_sector(state: State, results: Results, at: int, sector: int) -> None:
    """Let a row name a sector (a string; -1: none)."""
    if sector != -1:
        results.violations[at].sector_at = np.int32(state.strings[sector].at)
        results.violations[at].sector_len = np.int32(state.strings[sector].len)


@compiled
def observe_nothing(seen: Rows) -> None:
    """Null, without a reason: what was observed is no longer held."""
    seen[0].form = np.int8(OBSERVED_NULL)
    seen[0].value = math.nan
    seen[0].reason = np.int8(-1)
