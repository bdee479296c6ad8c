"""`risk-stream publish` and `risk-stream tail`: in by lines, out by lines."""

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from risk_stream.messages.murmur2 import partition_of
from tests.cli.command import EXECUTABLE
from tests.cli.conftest import Shell
from tests.cli.test_limits import set_bytes_max

pytestmark = pytest.mark.broker

ORDER = {"order_id": "o1", "portfolio_id": "p1", "symbol": "A", "side": "BUY", "quantity": 1, "price": "2.5"}
DECISION: dict[str, Any] = {
    "type": "DECISION",
    "order_id": "o1",
    "portfolio_id": "p1",
    "decision": "REJECTED",
    "code": "MAX_ORDER_NOTIONAL",
    "violations": [
        {"limit_id": "L", "kind": "MAX_ORDER_NOTIONAL", "severity": "HARD_BREACH", "observed": "5", "threshold": "4"}
    ],
    "ts": "2026-11-22T10:00:00.000Z",
}


def put(
    shell: Shell,
    topic: str,
    *records: tuple[bytes, bytes | None],
    headers: list[tuple[str, bytes | None]] | None = None,
) -> None:
    """Publish outputs as a worker would."""

    async def work() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=shell.bootstrap)
        await producer.start()
        try:
            for key, value in records:
                await producer.send_and_wait(
                    shell.prefix + topic, value, key, partition=partition_of(key, 2), headers=headers
                )
        finally:
            await producer.stop()

    asyncio.run(work())


def wait_for_record(shell: Shell, topic: str) -> bytes:
    """The value of the first record of a topic, when it is there."""

    async def work() -> bytes:
        consumer = AIOKafkaConsumer(
            shell.prefix + topic, bootstrap_servers=shell.bootstrap, auto_offset_reset="earliest"
        )
        async with asyncio.timeout(60), consumer:
            value: bytes = (await consumer.getone()).value
            return value

    return asyncio.run(work())


def decision(number: int, portfolio: str = "p1") -> tuple[bytes, bytes]:
    """Key and value of a decision."""
    return portfolio.encode(), json.dumps({**DECISION, "order_id": f"o{number}", "portfolio_id": portfolio}).encode()


def test_bad_lines_are_named_and_the_good_ones_sent(ready_shell: Shell, tmp_path: Path) -> None:
    """Each bad line by its number on stderr, exit code 1; the others go out. Empty lines do not matter."""
    good, bad = json.dumps(ORDER), json.dumps({**ORDER, "quantity": -1})
    file = tmp_path / "orders.jsonl"
    file.write_text(f"{good}\n{bad}\n\nnonsense\n{good}")
    done = ready_shell("publish", "orders", str(file), "--json")
    assert done.code == 1
    assert done.json == {"topic": ready_shell.prefix + "orders", "sent": 2, "bad": 2}
    assert done.err.splitlines() == ["line 2: quantity: must be > 0", "line 4: value: is not JSON"]


def test_a_line_too_large_is_a_bad_one(ready_shell: Shell) -> None:
    """Named with its number like the others, and what comes behind it is sent."""
    large = json.dumps({**ORDER, "note": "x" * 1_050_000})
    good = json.dumps(ORDER)
    done = ready_shell("publish", "orders", "--json", stdin=f"{good}\n{large}\n{good}\n")
    assert (done.code, done.json["sent"], done.json["bad"]) == (1, 2, 1)
    assert done.err.startswith("line 2: value: is 1,050,")


def test_a_failure_says_what_was_sent(ready_shell: Shell) -> None:
    """How many the broker acknowledged, and the first line that it did not."""
    name = ready_shell.prefix + "orders"
    asyncio.run(set_bytes_max(ready_shell.bootstrap, name, 50_000))
    good, large = json.dumps(ORDER), json.dumps({**ORDER, "note": "x" * 100_000})
    done = ready_shell("publish", "orders", "--json", stdin=f"{good}\n\n{good}\n{large}\n")
    assert done.code == 1
    assert done.json == {"topic": name, "sent": 2, "bad": 0, "first_not_sent": 4}
    assert "Line 4 is the first that is not acknowledged." in done.err


def test_a_line_is_sent_when_it_is_read(ready_shell: Shell) -> None:
    """Not when the next one comes; the first Ctrl-C ends it, and it says what was sent."""
    arguments = [str(EXECUTABLE), "publish", "orders", "--json"]
    pipe, env = subprocess.PIPE, {**os.environ, **ready_shell.env}
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(ORDER) + "\n")
        process.stdin.flush()
        assert wait_for_record(ready_shell, "orders") == json.dumps(ORDER).encode()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.read())["sent"] == 1
        assert process.stderr.read().split() == ["interrupted"]


def test_standard_input_is_the_default(ready_shell: Shell) -> None:
    """A pipe needs no file name; `-` says the same; the summary for people is on stderr."""
    value = '{"portfolio_id":"p1","total_value":"1000"}\n'
    assert ready_shell.good("publish", "portfolio-values", stdin=value)["sent"] == 1
    done = ready_shell("publish", "portfolio-values", "-", stdin=value)
    assert (done.code, done.out) == (0, "")
    assert done.err == f"1 sent to {ready_shell.prefix}portfolio-values, 0 bad\n"


def test_controls_are_published_too(ready_shell: Shell) -> None:
    """An operator's command goes through the same door, and a wrong one does not."""
    halt = {"type": "HALT", "scope": "ALL", "actor": "jane", "reason": "drill"}
    lines = f"{json.dumps(halt)}\n{json.dumps({**halt, 'actor': None})}\n"
    done = ready_shell("publish", "controls", "--json", stdin=lines)
    assert (done.code, done.json["sent"], done.json["bad"]) == (1, 1, 1)
    assert done.err.startswith("line 2: actor: ")


def test_publishing_without_topics_is_said(shell: Shell) -> None:
    """Nothing is created by publishing."""
    done = shell("publish", "orders", stdin=json.dumps(ORDER))
    assert done.code == 1
    assert f"There is no topic {shell.prefix}orders" in done.err


def test_tail_shows_the_last_or_all_or_one_portfolio(ready_shell: Shell) -> None:
    """The last ten by default, all from the beginning, one portfolio's wherever they lie; payloads as they are."""
    put(ready_shell, "decisions", decision(0, "p0"), *(decision(number) for number in range(1, 13)))

    def ids(*arguments: str) -> list[str]:
        done = ready_shell("tail", "decisions", "--json", *arguments)
        assert done.code == 0, done.err
        return [json.loads(line)["order_id"] for line in done.out.splitlines()]

    assert ids() == [f"o{number}" for number in range(3, 13)]
    assert ids("--lines", "2") == ["o11", "o12"]
    assert sorted(ids("--from-beginning")) == sorted(f"o{number}" for number in range(13))
    assert ids("--portfolio", "p0") == ["o0"]
    assert ids("--portfolio", "p1", "--lines", "1") == ["o12"]
    assert ids("--portfolio", "p2") == []


def test_tail_for_the_eye(ready_shell: Shell) -> None:
    """A decision in one line, with the limits that were violated."""
    put(ready_shell, "decisions", decision(1))
    assert ready_shell("tail", "decisions").out == (
        "2026-11-22T10:00:00.000Z  p1  o1  REJECTED  MAX_ORDER_NOTIONAL  "
        "[L MAX_ORDER_NOTIONAL HARD_BREACH: 5, threshold 4]\n"
    )


def test_tail_of_dead_letters_never_breaks_the_terminal(ready_shell: Shell) -> None:
    """Whatever the bytes are, control characters are escaped and JSON is valid."""
    headers: list[tuple[str, bytes | None]] = [
        ("reason", b"MALFORMED_JSON"),
        ("detail", b"value: is not JSON"),
        ("source", b"risk.orders/0@1"),
    ]
    put(ready_shell, "dead-letters", (b"k\xff", b"\x1b[31m\xff\n"), headers=headers)
    shown = ready_shell("tail", "dead-letters").out
    assert shown == "risk.orders/0@1  MALFORMED_JSON  value: is not JSON  b'\\x1b[31m\\xff\\n'\n"
    (line,) = ready_shell("tail", "dead-letters", "--json").out.splitlines()
    assert json.loads(line)["headers"]["reason"] == "MALFORMED_JSON"
    assert json.loads(line)["value"] == "\x1b[31m\\xff\n"
    assert json.loads(line)["value_hex"] == "1b5b33316dff0a"


@pytest.mark.parametrize("topic", ["decisions", "violations", "dead-letters"])
def test_tail_shows_what_others_have_written(ready_shell: Shell, topic: str) -> None:
    """With its place, among the others, and never as a traceback."""
    put(ready_shell, topic, (b"p1", b"no JSON\n"), (b"p1", None), headers=[("x", None)])
    for options in ((), ("--json",)):
        done = ready_shell("tail", topic, *options)
        assert (done.code, done.err, len(done.out.splitlines())) == (0, "", 2)
    assert f"{ready_shell.prefix}{topic}/" in ready_shell("tail", topic).out


def test_tail_follows_until_interrupted(ready_shell: Shell) -> None:
    """--follow prints what comes later at once, though stdout is a pipe."""
    put(ready_shell, "decisions", decision(1))
    command = [str(EXECUTABLE), "tail", "decisions", "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ready_shell.env) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["order_id"] == "o1"
        put(ready_shell, "decisions", decision(2))
        assert json.loads(process.stdout.readline())["order_id"] == "o2"
        process.terminate()
