"""What is told of a demo: numbers that add up, as JSON and for people."""

import pytest

from risk_stream.cli.demo_screen import Screen, show
from risk_stream.demo.play import Played
from risk_stream.demo.scenarios import make_scenario
from risk_stream.demo.summary import Summary, summarize
from risk_stream.demo.verify import Verdict
from tests.demo.offline import Offline


@pytest.fixture(scope="module")
def played() -> Offline:
    """A small game."""
    scenario = make_scenario("market", 300, 10, 1)
    offline = Offline(scenario.limits)
    offline.play(scenario)
    return offline


def summary(played: Offline, *differences: str) -> Summary:
    """The summary of the game; the times are made up."""
    times = Played(orders=300, busy_orders=150, busy_s=0.5, pace=1_000)
    latency_s = [0.2, *(n / 1000 for n in range(1, 100))]
    return summarize([played.logs], 10, times, latency_s, Verdict(900, list(differences)))


def test_fields_add_up(played: Offline) -> None:
    """Approved and rejected are the decisions; rate and latency are computed from what was measured."""
    fields = summary(played).fields()
    assert fields["orders"] == fields["decisions"] == 300
    assert fields["approved"] + fields["rejected"] == 300
    assert fields["violations"] == len(played.logs.records["violations"])
    assert fields["dead_letters"] == len(played.logs.records["dead-letters"])
    assert fields["orders_per_second"] == 300
    assert fields["latency_ms"] == {"p50": 51.0, "p99": 200.0}
    assert fields["verified"] is True


def test_without_latencies_there_is_none(played: Offline) -> None:
    """One order alone is sent in a busy round."""
    empty = summarize([played.logs], 10, Played(), [], Verdict(0, []))
    assert empty.fields()["latency_ms"] == {"p50": None, "p99": None}
    assert empty.fields()["orders_per_second"] == 0


def test_people_read_it_too(played: Offline, capsys: pytest.CaptureFixture[str]) -> None:
    """Codes, drawdowns, rate, latency and the verdict on stdout."""
    told = summary(played)
    show(told, to_stderr=False)
    out = capsys.readouterr().out
    assert "300 orders of 10 portfolios: 300 decisions" in out
    assert all(code in out for code in told.codes)
    assert told.worst[0]["portfolio_id"] in out
    assert "rate     300 orders/s: 150 orders sent at once" in out
    assert "latency  p50 51.0 ms, p99 200.0 ms" in out
    assert "verified: true (900 payloads" in out


def test_differences_are_shown(played: Offline, capsys: pytest.CaptureFixture[str]) -> None:
    """With what is wrong, and verified false."""
    told = summary(played, "decisions/0 number 7: expected [this], published [that]")
    show(told, to_stderr=True)
    err = capsys.readouterr().err
    assert "decisions/0 number 7: expected [this], published [that]" in err
    assert "verified: false" in err
    assert told.fields()["verified"] is False


def test_progress_elsewhere_than_on_a_terminal_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """One for each stage, none for each step."""
    with Screen() as screen:
        screen.stage("deciding orders", 300)
        screen.step(100)
        screen.stage("stopping the worker")
    assert capsys.readouterr().err.splitlines() == ["deciding orders: 300", "stopping the worker"]


def test_worst_come_first(played: Offline) -> None:
    """Sorted by how far they are below their highest peak ever."""
    falls = [float(one["drawdowns"]["TOTAL"]) for one in summary(played).worst]
    assert falls == sorted(falls, reverse=True) and len(falls) == 5
