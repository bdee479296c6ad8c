"""`risk-stream doctor`."""

from pathlib import Path

import pytest

from tests.cli.command import risk_stream
from tests.cli.conftest import Shell


def test_without_a_broker_the_answer_is_no(tmp_path: Path) -> None:
    """Exit code 3, the broker is what is wrong, and what to do is said."""
    env = {"RISK_STREAM_BROKER": "127.0.0.1:1", "RISK_STREAM_DATA_DIR": str(tmp_path)}
    done = risk_stream("doctor", env=env)
    assert done.code == 3
    assert "wrong  broker: 127.0.0.1:1: " in done.out
    assert "Start one" in done.out
    report = risk_stream("doctor", "--json", env=env).json
    assert report["healthy"] is False
    assert [one["name"] for one in report["findings"] if not one["good"] and one["needed"]] == ["broker"]


@pytest.mark.broker
def test_everything_in_order(shell: Shell, tmp_path: Path) -> None:
    """First the topics are missing, then nothing is."""
    shell.env["RISK_STREAM_DATA_DIR"] = str(tmp_path)
    assert "wrong  topics: missing, different or without a leader" in shell("doctor").out
    shell.good("topics", "create")
    order = '{"order_id":"o1","portfolio_id":"p1","symbol":"A","side":"BUY","quantity":1,"price":1}'
    shell.good("publish", "orders", stdin=order)
    report = shell.good("doctor")
    assert report["healthy"]
    details = {one["name"]: one["detail"] for one in report["findings"]}
    assert details["topics"] == "all 8 as the catalogue says"
    assert details["clock"].startswith("the newest record is ")
