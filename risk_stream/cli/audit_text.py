"""What replay, what-if and sweep print: lines for the eye on stdout, or one JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from risk_stream.audit.report import ReplayReport
from risk_stream.cli.output import print_fields, print_json, print_line
from risk_stream.messages.money import MONEY_DIGITS, format_scaled

if TYPE_CHECKING:  # the engine behind them takes two seconds to load
    from risk_stream.audit.sweep import SweepPoint
    from risk_stream.audit.what_if import WhatIf

FINDINGS_SHOWN_MAX = 20
LIMITS_SHOWN_MAX = 30


def print_report_json(report: ReplayReport) -> None:
    """All of the report."""
    print_json({"identical": report.identical, **msgspec.to_builtins(report)})


def print_report(report: ReplayReport) -> None:
    """Verdicts, totals, the first differences."""
    published = ", ".join(f"{count} {topic}" for topic, count in report.published.items())
    rate = (report.orders + report.values) / report.seconds if report.seconds else 0.0
    print_fields(
        {
            "log": report.log,
            "span": report.span,
            "state": "archived" if report.is_from_archived_state else "from step 1",
            "replayed": f"{report.orders} orders, {report.values} values in {report.seconds:.1f} s ({rate:,.0f}/s)",
            "compared": published,
            **{name: _answer(answer.holds, answer.findings) for name, answer in report.verdicts.items()},
        }
    )
    _print_starts(report)
    waiting = sum(one.orders_waiting for one in report.partitions)
    for one in report.partitions:
        for topic, count in one.not_kept.items():
            click.echo(f"{topic}/{one.partition}: {count} published records are older than what is kept: not compared")
    if waiting:
        click.echo(f"{waiting} offsets of orders lie behind the steps replayed", err=True)
    for finding in report.findings[:FINDINGS_SHOWN_MAX]:
        print_line(finding.line())
        for name, payload in (("recorded", finding.recorded), ("replayed", finding.expected)):
            if payload is not None:
                print_line(f"    {name}  {payload}")
    more = sum(answer.findings for answer in report.verdicts.values()) - len(report.findings[:FINDINGS_SHOWN_MAX])
    if more > 0:
        click.echo(f"... and {more} more")


def _print_starts(report: ReplayReport) -> None:
    """What each partition began with, where that was not step 1 for all."""
    if not report.is_from_archived_state:
        return
    for one in report.partitions:
        start = one.started_from
        words = f"the state of segment {start.segment}, behind step {start.step}" if start is not None else "step 1"
        click.echo(f"partition {one.partition} began with {words}")
    click.echo("what lies before an archived state was proven when it was archived; it is not proven here")
    if report.files_not_needed:
        click.echo(f"{report.files_not_needed} files from before these states are not in the archive any more")


def print_what_if(found: WhatIf, as_json: bool) -> None:
    """The decisions that would change, by limit."""
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    print_fields(
        {
            "orders": found.orders,
            "without a recorded decision": found.not_recorded or None,
            "would be refused": f"{found.refused}, worth {_money(found.refused_notional)}",
            "would be approved": f"{found.admitted}, worth {_money(found.admitted_notional)}",
            "refused otherwise": found.other_code,
        }
    )
    by_effect = sorted(found.by_limit.items(), key=lambda one: -(one[1].refused + one[1].admitted))
    for limit_id, one in by_effect[:LIMITS_SHOWN_MAX]:
        print_line(
            f"  {limit_id}: refuses {one.refused} ({_money(one.refused_notional)}), "
            f"no longer refuses {one.admitted} ({_money(one.admitted_notional)})"
        )
    for example in found.examples:
        reasons = ", ".join(example.because_of)
        print_line(
            f"    {example.decision_id} {example.portfolio_id} {example.order_id}: {example.was} -> "
            f"{example.would_be} ({reasons}), worth {example.notional}"
        )


def print_curve(limit_id: str, points: list[SweepPoint], as_json: bool) -> None:
    """Threshold to refusals."""
    if as_json:
        print_json({"limit_id": limit_id, "points": msgspec.to_builtins(points)})
        return
    width = max(len("threshold"), *(len(point.threshold) for point in points))
    most = max(point.refusals for point in points) or 1
    click.echo(f"{'threshold':>{width}}  {'refusals':>9}  {'newly':>9}  {'newly, worth':>20}")
    for point in points:
        bar = "#" * round(30 * point.refusals / most)
        worth = _money(point.newly_refused_notional)
        click.echo(f"{point.threshold:>{width}}  {point.refusals:>9}  {point.newly_refused:>9}  {worth:>20}  {bar}")


def _answer(holds: bool, findings: int) -> str:
    return "yes" if holds else f"NO, {findings} found"


def _money(scaled: int) -> str:
    return format_scaled(scaled, MONEY_DIGITS)
