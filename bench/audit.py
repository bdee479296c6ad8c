"""The audit commands as a user runs them, each a process of its own, on a log that was decided: answers, then costs."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.answers import WrongAnswers
from bench.process_tree import Ran, run_to_end
from risk_stream.audit.report import ReplayReport

REPLAY, ARCHIVE, FROM_ARCHIVE = "replay", "archive", "replay --archive"
APPROVED_CODE = "OK"


@dataclass(frozen=True, slots=True)
class Audit:
    """What a command took. Its own clock starts when its modules are loaded; `archive` has none: it is the whole's."""

    command: str
    orders: int
    orders_per_second: float
    """By its own clock."""
    orders_per_second_whole: float
    """From the start of the process to its end."""
    own_seconds: float
    seconds: float
    cpu_s: float
    """Of all its processes."""
    cpu_us_per_order: float
    process_mb: float
    """The most that one of its processes had resident."""
    total_mb: float
    """The most that all had at one moment; what they share counts in each."""


def replay(environment: Mapping[str, str], orders: int, approved: int | None = None) -> Audit:
    """Replay from the broker. WrongAnswers unless it proves so many orders (and so many approvals)."""
    return _replayed(REPLAY, _run(environment, "replay"), orders, approved)


def archive(environment: Mapping[str, str], folder: Path, orders: int) -> Audit:
    """Write the archive of so many orders."""
    ran = _run(environment, "archive", str(folder))
    return _audit(ARCHIVE, ran, orders, ran.seconds)


def replay_archive(environment: Mapping[str, str], folder: Path, orders: int, approved: int | None = None) -> Audit:
    """Replay from an archive; otherwise as `replay`."""
    return _replayed(FROM_ARCHIVE, _run(environment, "replay", "--archive", str(folder)), orders, approved)


def check(report: ReplayReport, orders: int, approved: int | None) -> None:
    """Raise WrongAnswers unless it found nothing and looked at everything."""
    if not report.identical:
        lines = [finding.line() for finding in report.findings]
        raise WrongAnswers(f"the replay is not identical, first: {lines[0] if lines else report.verdicts}")
    if report.orders != orders:
        raise WrongAnswers(f"{report.orders} of {orders} orders were replayed")
    found = report.codes.get(APPROVED_CODE, 0)
    if approved is not None and found != approved:
        raise WrongAnswers(f"{found} orders were approved in the replay, {approved} in the live run")


def _run(environment: Mapping[str, str], *arguments: str) -> Ran:
    return run_to_end((sys.executable, "-m", "risk_stream", *arguments, "--json"), environment)


def _replayed(command: str, ran: Ran, orders: int, approved: int | None) -> Audit:
    report = msgspec.json.decode(ran.told, type=ReplayReport)
    check(report, orders, approved)
    return _audit(command, ran, orders, report.seconds)


def _audit(command: str, ran: Ran, orders: int, own_seconds: float) -> Audit:
    return Audit(
        command,
        orders,
        orders / own_seconds,
        orders / ran.seconds,
        own_seconds,
        ran.seconds,
        ran.cpu_s,
        ran.cpu_s / orders * 1e6,
        ran.process_mb,
        ran.total_mb,
    )
