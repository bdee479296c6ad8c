"""The cost of a proof: only a replay that proved everything has one, and no process of it is left out."""

import asyncio
import sys

import pytest

from bench.answers import WrongAnswers
from bench.audit import ARCHIVE, FROM_ARCHIVE, REPLAY, check
from bench.process_tree import run_to_end
from bench.replay import run_rounds
from bench.replay_report import ratios, table
from bench.shape import Shape
from risk_stream.audit.findings import Finding, Kind
from risk_stream.audit.report import ReplayReport, verdicts_of
from risk_stream.audit.task import PartitionResult

ORDERS = 40_000
SPENT_S = 0.3
HELD_MB = 100
CHILD = f"import time; held = bytearray({HELD_MB} * 10**6)\nwhile time.process_time() < {SPENT_S}: pass"
PARENT = f"import subprocess, sys; print('told'); [subprocess.run([sys.executable, '-c', {CHILD!r}]) for _ in range(2)]"


def report(orders: int = 3, approved: int = 2, *kinds: Kind) -> ReplayReport:
    """A replay of one partition that found this."""
    found = [Finding(kind=kind, topic="decisions", partition=0, text="") for kind in kinds]
    counts = dict.fromkeys(kinds, 1)
    partition = PartitionResult(0, orders=orders, codes={"OK": approved}, findings=found, counts=counts)
    verdicts = verdicts_of([partition], [])
    return ReplayReport(
        log="", version="", started_ms=0, seconds=1.0, span="all", verdicts=verdicts, partitions=[partition]
    )


def test_a_proof_of_everything_passes() -> None:
    """Nothing found, every order, as many approvals."""
    check(report(), 3, 2)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (report(3, 2, Kind.MISSING), "not identical"),
        (report(2, 2), "2 of 3 orders"),
        (report(3, 1), "1 orders were approved in the replay, 2"),
    ],
)
def test_any_other_is_refused(found: ReplayReport, words: str) -> None:
    """A finding, an order that was not replayed, another number of approvals."""
    with pytest.raises(WrongAnswers, match=words):
        check(found, 3, 2)


def test_what_children_took_is_counted() -> None:
    """Their CPU time, once, also that of the first, which ended long before; memory that the parent never had."""
    ran = run_to_end((sys.executable, "-c", PARENT), {})
    assert ran.told == "told\n"
    assert 1.5 * SPENT_S < ran.cpu_s < 3 * SPENT_S
    assert HELD_MB <= ran.process_mb < ran.total_mb < 2 * HELD_MB


def test_a_command_that_fails_has_no_cost() -> None:
    """Its exit code and its last words instead."""
    with pytest.raises(RuntimeError, match=r"exit code 3:\s+words"):
        run_to_end((sys.executable, "-c", "import sys; print('words', file=sys.stderr); sys.exit(3)"), {})


@pytest.mark.broker
def test_a_log_is_decided_and_proven_from_the_broker_and_from_an_archive() -> None:
    """One small run from end to end; each of the three commands has a row of its own."""
    (one,) = rounds = asyncio.run(run_rounds(Shape(ORDERS, 1000), False, 1))
    assert [(audit.command, audit.orders) for audit in one.audits] == [
        (command, ORDERS) for command in (REPLAY, ARCHIVE, FROM_ARCHIVE)
    ]
    assert all(audit.own_seconds <= audit.seconds and audit.cpu_s > 0 for audit in one.audits), one.audits
    proofs = [audit for audit in one.audits if audit.command != ARCHIVE]
    assert all(audit.process_mb < audit.total_mb for audit in proofs), "a replay is more than one process"
    assert ratios(rounds)[REPLAY] == proofs[0].orders_per_second / one.live.orders_per_second
    assert table(rounds).count("\n") == 5
