"""Commands to the workers, from the command line to the log."""

import json

import pytest

from risk_stream.messages.control import Halt, Override, Rebase, Reduce, RemoveLimit, Resume
from risk_stream.messages.decode import decode_control
from tests.cli.command import risk_stream
from tests.cli.conftest import Shell

WHO = ("--actor", "jane", "--reason", "fat finger")
NOW_MS = 4_102_444_800_000


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
        (("remove-limit", "day"), RemoveLimit("day", "jane", "fat finger", 0)),
        (
            ("override", "--order", "o", "--portfolio", "p", "--expires-at", "2099-01-01T00:00:00Z", *people),
            Override("o", "p", 4_070_908_800_000, "bob", "eve", "jane", "fat finger", 0),
        ),
    )
    for arguments, expected in cases:
        sent = ready_shell.good("control", *arguments, *WHO)["sent"]
        timeless = json.dumps({**json.loads(sent), "ts": 0}).encode()
        assert decode_control(timeless, NOW_MS) == expected
