"""What if and sweep give the answers that the recorded decisions already hold."""

import asyncio
import copy
import json
import random
import re
from decimal import Decimal

import pytest

from risk_stream.audit.controls_log import read_controls
from risk_stream.audit.log import CONTROLS, DECISIONS, ORDERS, VALUES, LogError, all_bounds, partition_bounds
from risk_stream.audit.replay import replay_partition
from risk_stream.audit.report import ReplayReport, verdicts_of
from risk_stream.audit.report_page import page
from risk_stream.audit.span import Mark, Span, read_mark
from risk_stream.audit.sweep import SweepPoint, SweepTask, read_sweep, summed_curve, sweep
from risk_stream.audit.tally import Tallier
from risk_stream.audit.task import Task
from risk_stream.audit.what_if import WhatIf, WhatIfTask, ask_what_if, summed
from risk_stream.messages.control import SetLimit
from risk_stream.messages.decode import decode_control
from tests.audit.recording import LIMITS, START_MS, Recording, decide, limit_message, record


@pytest.fixture(scope="module")
def written() -> Recording:
    """A log as a worker wrote it; do not change it."""
    return record()


def limits(**thresholds: str) -> tuple[SetLimit, ...]:
    """The recorded limits with other thresholds."""
    found = []
    for one in LIMITS:
        changed = {**one, "threshold": thresholds.get(str(one["limit_id"]).replace("-", "_"), one["threshold"])}
        control = decode_control(limit_message(**changed), START_MS)
        assert isinstance(control, SetLimit)
        found.append(control)
    return tuple(found)


def ask(log: Recording, task: WhatIfTask) -> WhatIf:
    """Over all partitions."""

    async def work() -> list[WhatIf]:
        bounds = await all_bounds(log, range(log.partitions))
        return [await ask_what_if(log, one, lambda _: None, task=task) for one in bounds]

    return summed(asyncio.run(work()))


def decisions(log: Recording) -> list[dict[str, object]]:
    """Every recorded decision."""
    return [json.loads(line.value or b"") for p in range(log.partitions) for line in log.lines(DECISIONS, p)]


def test_the_same_limits_change_nothing(written: Recording) -> None:
    """Every decision comes out as it was."""
    found = ask(written, WhatIfTask(limits(), Span()))
    assert (found.orders, found.refused, found.admitted, found.other_code) == (len(decisions(written)), 0, 0, 0)


def test_a_tighter_limit_refuses_and_says_what_it_is_worth(written: Recording) -> None:
    """What it refuses is worth more than the new threshold and was approved under the old one."""
    found = ask(written, WhatIfTask(limits(notional="30000"), Span()))
    one = found.by_limit["notional"]
    assert 3 < one.refused <= found.refused and one.admitted == 0
    assert 30_000 * one.refused < one.refused_notional / 10**4 <= 45_000 * one.refused
    assert any((one.was, one.would_be) == ("OK", "MAX_ORDER_NOTIONAL") for one in found.examples)


def test_a_looser_limit_admits(written: Recording) -> None:
    """What the drawdown had refused."""
    found = ask(written, WhatIfTask(limits(drawdown_1d="0.9"), Span()))
    assert found.admitted > 0 and found.by_limit["drawdown-1d"].admitted >= found.admitted


def test_limits_that_count_from_the_middle_on(written: Recording) -> None:
    """Before the span's start the recorded limits are in force, and nothing is counted."""
    all_day = ask(written, WhatIfTask(limits(notional="30000"), Span()))
    half = written.lines(DECISIONS, 0)[100].timestamp
    later = ask(written, WhatIfTask(limits(notional="30000"), Span(Mark(half))))
    assert 0 < later.orders < all_day.orders and 0 < later.refused < all_day.refused


def test_a_window_that_nothing_counted_before_the_span(written: Recording) -> None:
    """Orders from before the span count in it as in one that was counted, though no control came between the books."""
    half = Span(Mark(written.lines(DECISIONS, 0)[100].timestamp))
    found = []
    for window in ("PT1H", "PT2H"):  # the whole recording lies in either; the first is that of a recorded limit
        limit = limit_message(limit_id="rate", kind="ORDER_RATE", threshold=1, window=window)
        control = decode_control(limit, START_MS)
        assert isinstance(control, SetLimit)
        found.append(ask(written, WhatIfTask((control,), half)))
    assert found[0] == found[1] and found[0].codes["ORDER_RATE"] > 100 and "OK" not in found[0].codes


def test_a_limit_of_the_file_begins_without_a_level() -> None:
    """What breaches it already crosses it with the next valuation, whatever level a recorded limit of its id has."""
    log = Recording(1)
    limit = {"kind": "POSITION_SIZE", "unit": "amount", "threshold": 5, "warn_ratio": 1}
    for number in range(400):
        log.append(CONTROLS, 0, START_MS, None, limit_message(limit_id=f"L{number}", **limit, action="WARN"))
    held = [{"symbol": "A", "quantity": 10, "price": 1}]
    value = {"portfolio_id": "P", "total_value": 1, "positions": held}
    for number in range(60):
        order = {"order_id": f"o{number}", "portfolio_id": "P", "symbol": "B", "side": "BUY", "quantity": 1}
        log.append(VALUES, 0, START_MS + number, b"P", json.dumps(value).encode())
        log.append(ORDERS, 0, START_MS + number, b"P", json.dumps({**order, "price": "0.01"}).encode())
    resume = b'{"type":"RESUME","scope":"ALL","actor":"a","reason":"r"}'
    log.append(CONTROLS, 0, START_MS + 40, None, resume)
    decide(log, 0, random.Random(3))
    control = decode_control(limit_message(limit_id="L1", **limit, action="HALT"), START_MS)
    assert isinstance(control, SetLimit)
    found = ask(log, WhatIfTask((control,), Span(read_mark("0@30"))))
    assert found.refused == found.codes["HALTED"] > 15


def test_one_portfolio_only(written: Recording) -> None:
    """The sums over portfolios are those of all."""
    parts = [ask(written, WhatIfTask(limits(notional="30000"), Span(), f"P{n}")) for n in range(12)]
    assert sum(one.refused for one in parts) == ask(written, WhatIfTask(limits(notional="30000"), Span())).refused


@pytest.mark.parametrize("damage", ["cut off", "one gone", "no place", "of another partition", "far", "ahead"])
def test_decisions_that_are_not_there_are_counted(written: Recording, damage: str) -> None:
    """One that is damaged hides no other; what has no recorded decision is told and in no other number."""
    log, whole = copy.deepcopy(written), ask(written, WhatIfTask(limits(notional="30000"), Span()))
    lines, lost = log.lines(DECISIONS, 0), 1
    line = lines[50]
    assert line.value is not None
    offset = json.loads(line.value)["decision_id"].partition("-")[2]
    match damage:
        case "cut off":
            lost = len(lines) - 50
            del lines[50:]
        case "one gone":
            del lines[50]
        case _:
            ahead = json.loads(lines[150].value or b"")["decision_id"]
            other = {"no place": "x", "of another partition": f"1-{offset}", "far": "0-99999999", "ahead": ahead}[
                damage
            ]
            line.value = line.value.replace(f'"0-{offset}"'.encode(), f'"{other}"'.encode())
    found = ask(log, WhatIfTask(limits(notional="30000"), Span()))
    assert whole.not_recorded == 0 and found.not_recorded == lost and found.orders == whole.orders - lost


def curve(log: Recording, text: str) -> list[SweepPoint]:
    """Sweep over all partitions."""
    limit_id, thresholds = read_sweep(text)
    task = SweepTask(limit_id, thresholds, Span())

    async def work() -> list[list[SweepPoint]]:
        bounds = await all_bounds(log, range(log.partitions))
        return [await sweep(log, one, lambda _: None, task=task) for one in bounds]

    return summed_curve(asyncio.run(work()))


@pytest.mark.parametrize("text", ["notional=10000:60000:6", "position=0.1:1:10", "rate=5:45:5", "drawdown-1d=0:0.2:5"])
def test_a_curve_falls_and_agrees_with_the_decisions(written: Recording, text: str) -> None:
    """Refusals fall with the threshold; at the threshold in force they are those of the recorded decisions."""
    points = curve(written, text)
    refusals = [point.refusals for point in points]
    assert refusals == sorted(refusals, reverse=True) and refusals[0] > refusals[-1]
    limit_id = text.partition("=")[0]
    in_force = Decimal(str(next(one["threshold"] for one in LIMITS if one["limit_id"] == limit_id)))
    listed = [
        one
        for decision in decisions(written)
        for one in decision["violations"]  # type: ignore[attr-defined]
        if one["limit_id"] == limit_id and one["severity"] == "HARD_BREACH"
    ]
    low, high = curve(written, f"{limit_id}={in_force}:{in_force + 1}:2")
    assert low.refusals == len(listed) and low.newly_refused == 0 and high.refusals <= low.refusals


@pytest.mark.parametrize(
    "text",
    [
        "notional", "notional=1:2", "notional=2:1:5", "=1:2:3", "notional=a:2:5", "notional=1:2:1", "notional=1:NaN:3",
        "notional=NaN:2:3", "notional=1:Infinity:3", "notional=-Infinity:1:3", "notional=1:1e999999:3",
    ],
)  # fmt: skip
def test_a_sweep_that_is_not_one(text: str) -> None:
    """Says how it is written."""
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        read_sweep(text)


@pytest.mark.parametrize("operator", [">", ">="])
@pytest.mark.parametrize("numbers", ["0:4:9", "0:1:4"])
def test_a_curve_counts_equality_as_the_limit_does(operator: str, numbers: str) -> None:
    """At every threshold the metric's sweep refuses what that limit would have refused, where both are equal too."""
    log = Recording(1)
    limit = {"limit_id": "lever", "kind": "METRIC", "metric": "lever", "operator": operator}
    log.append(CONTROLS, 0, START_MS, None, limit_message(**limit, threshold=100))
    for number, lever in enumerate((0, 1 / 3, 2, 2.5, 4)):
        key = f"P{number}".encode()
        value = {"portfolio_id": f"P{number}", "total_value": "1000", "metrics": {"lever": lever}}
        order = {"order_id": "o", "portfolio_id": f"P{number}", "symbol": "A", "side": "BUY", "quantity": 1, "price": 1}
        log.append(VALUES, 0, START_MS, key, json.dumps(value).encode())
        log.append(ORDERS, 0, START_MS + 1, key, json.dumps(order).encode())
    decide(log, 0, random.Random(3))
    for point in curve(log, f"lever={numbers}"):
        control = decode_control(limit_message(**limit, threshold=point.threshold), START_MS)
        assert isinstance(control, SetLimit)
        assert point.newly_refused == ask(log, WhatIfTask((control,), Span())).refused, point.threshold


def test_a_sweep_of_an_unknown_limit(written: Recording) -> None:
    """Is named."""
    with pytest.raises(LogError, match="nobody"):
        curve(written, "nobody=1:2:3")


@pytest.mark.parametrize("text", ["3@x", "yesterday", "2026-11-22", "@", "-5"])
def test_a_mark_that_is_none(text: str) -> None:
    """Says how it is written."""
    with pytest.raises(ValueError):
        read_mark(text)


def test_the_report_is_one_page_that_asks_for_nothing(written: Recording) -> None:
    """Verdicts, codes, curves and findings are on it, escaped, and no address of anything to load."""
    tallier = Tallier()

    async def work() -> ReplayReport:
        controls = await read_controls(written)
        results = [
            await replay_partition(written, controls, await partition_bounds(written, one), Task(Span()), (tallier,))
            for one in range(written.partitions)
        ]
        return ReplayReport(
            log="<memory>", version="1", started_ms=START_MS, seconds=1.0, span="all",
            verdicts=verdicts_of(results, []), partitions=results,
        )  # fmt: skip

    report = asyncio.run(work())
    text = page(report, [tallier.tally()])
    assert report.identical and "Replay: identical" in text and "&lt;memory&gt;" in text
    assert "http" not in text.replace("http-equiv", "") and "<script" not in text and "src=" not in text
    assert text.count("<svg") == 12 and "drawdown-1d" in text
    assert f"{len(decisions(written)):,} decisions" in text


def test_memory_holds_controls_as_a_topic(written: Recording) -> None:
    """The recording's controls are read whole, the refused one too."""
    controls = asyncio.run(read_controls(written))
    assert list(controls.refused) == [len(LIMITS)] and controls.end == len(written.lines(CONTROLS, 0))
