"""Commands to the workers, from the command line to the log."""

import json
import time

import click
import pytest
from aiokafka import AIOKafkaProducer

from risk_stream.cli.control import LOOK, command
from risk_stream.cli.failure import CommandError
from risk_stream.kafka.publish import Publisher
from risk_stream.messages.control import Halt, Override, Rebase, Reduce, RemoveLimit, Resume
from risk_stream.messages.decode import decode_control
from tests.cli.command import risk_stream
from tests.cli.conftest import Shell

WHO = ("--actor", "jane", "--reason", "fat finger")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("halt", *WHO), "either --portfolio P or --all"),
        (("halt", "--portfolio", "p", "--all", *WHO), "either --portfolio P or --all"),
        (("halt", "--all", "--actor", "jane"), "--reason"),
        (("rebase", *WHO), "--portfolio"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], says: str) -> None:
    """What is missing is named, and nothing is sent."""
    done = risk_stream("control", *arguments)
    assert done.code == 2
    assert says in done.err


def test_four_eyes() -> None:
    """Nobody approves what he asked for himself."""
    arguments = ("--order", "o", "--portfolio", "p", "--expires-at", "2099-01-01T00:00:00Z")
    done = risk_stream("control", "override", *arguments, "--requested-by", "bob", "--approved-by", "bob", *WHO)
    assert done.code == 1
    assert "approved_by: " in done.err
    assert "Nothing was sent." in done.err


@pytest.mark.broker
def test_commands_are_sent_as_a_worker_reads_them(ready_shell: Shell) -> None:
    """Each command becomes one record of the controls log, with who and why."""
    people = ("--requested-by", "bob", "--approved-by", "eve")
    cases = (
        (("halt", "--all"), Halt(None, "jane", "fat finger", 0)),
        (("reduce", "--portfolio", "p"), Reduce("p", "jane", "fat finger", 0)),
        (("resume", "--portfolio", "p"), Resume("p", "jane", "fat finger", 0)),
        (("rebase", "--portfolio", "p"), Rebase("p", "jane", "fat finger", 0)),
        (
            ("override", "--order", "o", "--portfolio", "p", "--expires-at", "2099-01-01T00:00:00Z", *people),
            Override("o", "p", 4_070_908_800_000, "bob", "eve", "jane", "fat finger", 0),
        ),
    )
    for arguments, expected in cases:
        sent = ready_shell.good("control", *arguments, *WHO)["sent"]
        assert decode_control(sent.encode(), 0) == expected


@pytest.fixture
def own_shell(ready_shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The same settings for a command that is called in this process, where a test can reach into it."""
    for name, value in ready_shell.env.items():
        monkeypatch.setenv(name, value)
    return ready_shell


@pytest.mark.broker
def test_the_clock_of_this_machine_does_not_matter(own_shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A halt given where the clock is two minutes ahead halts: the broker's time counts."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 120_000_000_000)
    assert command.main(["halt", "--all", *WHO], standalone_mode=False) == 0
    monkeypatch.undo()
    (change,) = own_shell.good("limits", "history")["changes"]
    assert change["what"] == "HALT"


@pytest.mark.broker
def test_removing_a_limit_that_is_not_in_force(ready_shell: Shell) -> None:
    """The answer is no, in words, and nothing is sent; one that is in force is removed."""
    limit = {"type": "SET_LIMIT", "limit_id": "day", "kind": "MAX_ORDER_QUANTITY", "threshold": 5}
    ready_shell.good("publish", "controls", stdin=json.dumps({**limit, "actor": "jane", "reason": "own"}))
    sent = ready_shell.good("control", "remove-limit", "day", *WHO)["sent"]
    assert decode_control(sent.encode(), 0) == RemoveLimit("day", "jane", "fat finger", 0)
    done = ready_shell("control", "remove-limit", "day", *WHO, "--json")
    assert (done.code, done.json["sent"]) == (3, None)
    assert "There is no limit day in force (controls version 1). Nothing was sent." in done.err
    assert ready_shell.good("limits", "list")["version"] == 1


@pytest.mark.broker
def test_an_override_that_has_expired_is_said_to_be(ready_shell: Shell) -> None:
    """It is sent, because it takes the place of an earlier one; the exit code is 3."""
    arguments = ("--order", "o", "--portfolio", "p", "--expires-at", "2020-01-01T00:00:00Z")
    people = ("--requested-by", "bob", "--approved-by", "eve")
    done = ready_shell("control", "override", *arguments, *people, *WHO, "--json")
    assert (done.code, json.loads(done.json["sent"])["order_id"]) == (3, "o")
    assert "It expired before the broker took it" in done.err


@pytest.mark.broker
def test_a_command_without_an_acknowledgement_may_be_in_force(
    own_shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fails, with where to look: here the broker had taken it."""
    send_one = Publisher.send_one

    async def unanswered(self: Publisher, value: bytes) -> int:
        await send_one(self, value)
        raise TimeoutError

    monkeypatch.setattr(Publisher, "send_one", unanswered)
    with pytest.raises(CommandError, match="Kafka at"):
        command.main(["resume", "--all", *WHO], standalone_mode=False)
    told = capsys.readouterr()
    assert told.err == f"{LOOK}\n" and told.out == ""
    (change,) = own_shell.good("limits", "history")["changes"]
    assert change["what"] == "RESUME"


@pytest.mark.broker
def test_an_acknowledged_command_is_sent_whatever_comes_behind(
    own_shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broker that falls silent before the connection is closed makes no failure of it; Ctrl-C does not hide it."""
    stop, errors = AIOKafkaProducer.stop, [KeyboardInterrupt(), TimeoutError()]

    async def silent(self: AIOKafkaProducer) -> None:
        await stop(self)
        raise errors.pop()

    monkeypatch.setattr(AIOKafkaProducer, "stop", silent)
    assert command.main(["halt", "--all", *WHO], standalone_mode=False) == 0
    with pytest.raises(click.Abort):
        command.main(["halt", "--all", *WHO], standalone_mode=False)
    told = capsys.readouterr().err.split()
    assert told.count("sent") == 2 and told.count("acknowledged") == 0


@pytest.mark.broker
def test_a_command_that_never_set_out_is_not_looked_for(shell: Shell) -> None:
    """Without a topic nothing can be on it."""
    done = shell("control", "halt", "--all", *WHO)
    assert done.code == 1 and "There is no topic" in done.err and LOOK not in done.err
