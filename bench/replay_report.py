"""Runs of bench.replay as a table: medians beside the live worker's, and every run."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.audit import ARCHIVE, FROM_ARCHIVE, REPLAY, Audit
from bench.run import Run

COLUMNS = (
    "",
    "orders/s",
    "of live",
    "whole command, orders/s",
    "of live",
    "s",
    "CPU us/order",
    "largest process MB",
    "all processes MB",
    "runs (orders/s, of the whole command)",
)


@dataclass(frozen=True, slots=True)
class Round:
    """One log: decided, then audited."""

    live: Run
    audits: tuple[Audit, ...]


def describe_audit(audit: Audit) -> str:
    """An audit as a line, for people who wait."""
    return (
        f"{audit.command:<20} {audit.orders_per_second:>10,.0f} orders/s  {audit.cpu_us_per_order:>8.2f} us CPU/order  "
        f"{audit.seconds:.1f} s, {audit.total_mb:,.0f} MB"
    )


def of_command(rounds: Sequence[Round], command: str) -> list[Audit]:
    """The audits by one command."""
    return [audit for one in rounds for audit in one.audits if audit.command == command]


def ratios(rounds: Sequence[Round]) -> dict[str, float]:
    """Median rates over the live one: by a command's own clock, and of the whole command."""
    live = statistics.median(one.live.orders_per_second for one in rounds)
    found = {}
    for command in (REPLAY, ARCHIVE, FROM_ARCHIVE):
        own = of_command(rounds, command)
        found[command] = statistics.median(one.orders_per_second for one in own) / live
        found[f"{command}, whole"] = statistics.median(one.orders_per_second_whole for one in own) / live
    return found


def table(rounds: Sequence[Round]) -> str:
    """Medians, a row a command, with every run."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---|" + "---:|" * (len(COLUMNS) - 2) + "---|", _live_row(rounds)]
    of_live = ratios(rounds)
    for command in (REPLAY, ARCHIVE, FROM_ARCHIVE):
        lines.append(_row(command, of_command(rounds, command), of_live[command], of_live[f"{command}, whole"]))
    return "\n".join(lines)


def _live_row(rounds: Sequence[Round]) -> str:
    lives = [one.live for one in rounds]
    cells = (
        "live",
        f"{statistics.median(run.orders_per_second for run in lives):,.0f}",
        *("1.00", "", "", ""),
        f"{statistics.median(run.cpu_us_per_order for run in lives):.2f}",
        *(f"{statistics.median(run.rss_mb for run in lives):.0f}",) * 2,
        ", ".join(f"{run.orders_per_second:,.0f}" for run in lives),
    )
    return f"| {' | '.join(cells)} |"


def _row(command: str, own: Sequence[Audit], of_live: float, whole_of_live: float) -> str:
    cells = (
        command,
        f"{statistics.median(one.orders_per_second for one in own):,.0f}",
        f"{of_live:.2f}",
        f"{statistics.median(one.orders_per_second_whole for one in own):,.0f}",
        f"{whole_of_live:.2f}",
        f"{statistics.median(one.seconds for one in own):.1f}",
        f"{statistics.median(one.cpu_us_per_order for one in own):.2f}",
        f"{statistics.median(one.process_mb for one in own):.0f}",
        f"{statistics.median(one.total_mb for one in own):.0f}",
        ", ".join(f"{one.orders_per_second:,.0f} / {one.orders_per_second_whole:,.0f}" for one in own),
    )
    return f"| {' | '.join(cells)} |"
