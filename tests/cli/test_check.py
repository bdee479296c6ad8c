"""`risk-stream check`: one decision offline, by the engine that the worker runs."""

import json
from collections.abc import Mapping
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from risk_stream.cli.main import main
from tests.cli.command import Done

ORDER = {
    "order_id": "o1", "portfolio_id": "P1", "symbol": "ACME", "side": "BUY", "quantity": "100", "price": "99.5",
    "ts": "2026-03-02T10:00:00Z",
}  # fmt: skip
MORNING = {"portfolio_id": "P1", "total_value": "1000000", "ts": "2026-03-02T09:00:00Z"}
NOON = {"portfolio_id": "P1", "total_value": "880000", "metrics": {"var": 1.5}, "ts": "2026-03-02T09:30:00Z"}
LIMITS = """
actor = "jane"
reason = "test"

[[limits]]
limit_id = "drawdown-1d"
kind = "DRAWDOWN"
threshold = 0.10
window = "P1D"

[[limits]]
limit_id = "metric"
kind = "METRIC"
metric = "var"
operator = ">"
threshold = 2

[[limits]]
limit_id = "notional"
kind = "MAX_ORDER_NOTIONAL"
threshold = 10_000

[[limits]]
limit_id = "other-trader"
kind = "MAX_ORDER_QUANTITY"
threshold = 1
scope = {trader_id = "bob"}

[[limits]]
limit_id = "restricted"
kind = "RESTRICTED_SYMBOL"
symbols = ["GLOBEX"]

[[limits]]
limit_id = "shadow"
kind = "MAX_ORDER_QUANTITY"
threshold = 50
mode = "SHADOW"
"""


class Desk:
    """A folder of files, and the command over them: in this process, where the engine is loaded once."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self.monkeypatch, self.capture = folder, monkeypatch, capture
        self.limits = self.write("limits.toml", LIMITS)
        self.order = self.write("order.json", json.dumps(ORDER))

    def write(self, name: str, text: str) -> str:
        """Write a file; its path."""
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def check(
        self, *values: Mapping[str, object], order: str | None = None, stdin: str = "", as_json: bool = True
    ) -> Done:
        """Run the check over these values."""
        files = [self.write(f"value-{i}.json", json.dumps(value, indent=1)) for i, value in enumerate(values)]
        options = [word for file in files for word in ("--value", file)]
        flags = ["--json"] if as_json else []
        return self.run(order or self.order, *options, "--limits", self.limits, *flags, stdin=stdin)

    def run(self, *arguments: str, stdin: str = "") -> Done:
        """Run `risk-stream check` with these arguments."""
        self.monkeypatch.setattr("sys.argv", ["risk-stream", "check", *arguments])
        self.monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(stdin.encode())))
        self.capture.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        assert isinstance(end.value.code, int)
        return Done(end.value.code, *self.capture.readouterr())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Good limits and a good order."""
    return Desk(tmp_path, monkeypatch, capsys)


def test_approved_is_0(desk: Desk) -> None:
    """The payload is the one that would be published, with the events, those of SHADOW limits included."""
    done = desk.check(MORNING | {"metrics": {"var": 1.5}})
    assert done.code == 0, done.err
    answer = done.json
    assert (answer["decision"], answer["code"], answer["limits_evaluated"]) == ("APPROVED", "OK", 4)
    assert answer["inputs"] == {"order": "0@0", "value": "0@0", "controls": 5}
    assert [entry["limit_id"] for entry in answer["violations"]] == ["notional"]
    assert [(event["limit_id"], event["event"]) for event in answer["events"]] == [
        ("notional", "WARNING"),
        ("shadow", "DETECTED"),
    ]


def test_rejected_is_3(desk: Desk) -> None:
    """Values are applied in their order: 12 % below the morning's value is more than the limit allows."""
    done = desk.check(MORNING, NOON)
    assert done.code == 3, done.err
    assert done.json["code"] == "DRAWDOWN"
    assert done.json["violations"][0]["observed"] == "0.12"


def test_an_order_from_standard_input(desk: Desk) -> None:
    """`-` is standard input; without a value, what needs one cannot be evaluated."""
    done = desk.check(order="-", stdin=json.dumps(ORDER))
    assert done.code == 3, done.err
    assert (done.json["code"], done.json["inputs"]["value"]) == ("NOT_EVALUABLE", None)


def test_every_limit_is_shown_with_what_it_saw(desk: Desk) -> None:
    """The table has a line for each limit, passed ones included."""
    done = desk.check(MORNING, NOON, as_json=False)
    assert done.code == 3
    heading, _, *lines = done.out.splitlines()
    assert heading == "REJECTED DRAWDOWN  order o1, portfolio P1"
    assert [line.split() for line in lines] == [
        ["drawdown-1d", "DRAWDOWN", "0.12", "0.1", "120.0%", "violated", "(action", "REJECT)"],
        ["metric", "METRIC", "1.5", "2", "75.0%", "passed"],
        ["notional", "MAX_ORDER_NOTIONAL", "9950", "10000", "99.5%", "warned"],
        ["other-trader", "MAX_ORDER_QUANTITY", "-", "1", "-", "does", "not", "apply"],
        ["restricted", "RESTRICTED_SYMBOL", "0", "0", "-", "passed"],
        ["shadow", "MAX_ORDER_QUANTITY", "100", "50", "200.0%", "violated", "(action", "REJECT,", "shadow)"],
    ]


def test_an_invalid_order_is_a_rejection(desk: Desk) -> None:
    """What the worker would answer with INVALID_ORDER is answered so here, naming the field."""
    order = desk.write("bad.json", json.dumps(ORDER | {"quantity": "-1"}))
    done = desk.check(order=order, as_json=False)
    assert done.code == 3
    assert done.out.splitlines()[:2] == ["REJECTED INVALID_ORDER  order o1, portfolio P1", "quantity: must be > 0"]
    assert "No limit was evaluated." in done.out


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"portfolio_id": "P1"}, "value-0.json: INVALID_VALUATION: total_value: "),
        (MORNING | {"portfolio_id": "P2"}, "value-0.json: is of portfolio P2, the order of P1"),
        ({"total_value": 1}, "value-0.json: UNUSABLE_ID: portfolio_id: "),
    ],
)
def test_a_bad_value_is_1(desk: Desk, value: Mapping[str, object], problem: str) -> None:
    """The file and the field are named; nothing is decided."""
    done = desk.check(value)
    assert (done.code, done.out) == (1, "")
    assert problem in done.err


def test_an_ignored_value_is_said(desk: Desk) -> None:
    """A value older than the one before counts for nothing, and that is told."""
    done = desk.check(NOON, MORNING)
    assert done.json["inputs"]["value"] == "0@0"
    assert "note: 1 of the values ignored" in done.err


def test_what_is_no_order_is_1(desk: Desk) -> None:
    """What would be a dead letter cannot be decided."""
    done = desk.check(order=desk.write("bad.json", "{"))
    assert (done.code, done.out) == (1, "")
    assert "order: MALFORMED_JSON: value: is not JSON" in done.err


def test_every_mistake_in_the_limits_is_told(desk: Desk) -> None:
    """All of them at once, each with its path."""
    desk.limits = desk.write("limits.toml", LIMITS.replace("10_000", '"ten"').replace("P1D", "P2D"))
    done = desk.check(MORNING)
    assert (done.code, done.out) == (1, "")
    assert "limits[0].window: " in done.err and "limits[2].threshold: " in done.err


def test_wrong_usage_is_2(desk: Desk) -> None:
    """Without limits there is nothing to decide by; a file that is not there is wrong usage too."""
    assert desk.run(desk.order).code == 2
    assert desk.run("none.json", "--limits", desk.limits).code == 2


def test_ids_are_shown_as_they_are(desk: Desk) -> None:
    """Brackets are no markup, `:x:` is no picture, and control characters show."""
    desk.limits = desk.write(
        "limits.toml", LIMITS.replace('"metric"', '"[/x]"', 1).replace('"notional"', '"a[red]b:x:"')
    )
    order = desk.write("odd.json", json.dumps(ORDER | {"order_id": "o[/y]:x:", "quantity": "1"}))
    done = desk.check(MORNING, NOON, order=order, as_json=False)
    assert done.code == 3, done.err
    heading, _, *lines = done.out.splitlines()
    assert heading == "REJECTED DRAWDOWN  order o[/y]:x:, portfolio P1"
    assert {"[/x]", "a[red]b:x:"} <= {line.split()[0] for line in lines}
