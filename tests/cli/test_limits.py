"""`risk-stream limits`: a file of limits, checked and put in force."""

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.cli.command import risk_stream
from tests.cli.conftest import Shell

GOOD = """
actor = "jane"
reason = "limits of 2026"

[[limits]]
limit_id = "notional"
kind = "MAX_ORDER_NOTIONAL"
threshold = 100_000

[[limits]]
limit_id = "drawdown-1d"
kind = "DRAWDOWN"
threshold = 0.10
window = "P1D"
"""


async def set_bytes_max(bootstrap: str, topic: str, size: int) -> None:
    """Let a topic take no larger batches."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        settings = {"max.message.bytes": str(size), "message.timestamp.type": "LogAppendTime"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
    finally:
        await admin.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good limits file."""
    path = tmp_path / "limits.toml"
    path.write_text(GOOD)
    return path


def test_validate(file: Path) -> None:
    """A good file is said to be good, without a broker."""
    done = risk_stream("limits", "validate", str(file))
    assert (done.code, done.out) == (0, f"{file}: 2 limits, all valid\n")
    assert risk_stream("limits", "validate", str(file), "--json").json["limits"] == 2


def test_every_mistake_is_named_with_its_path(file: Path) -> None:
    """Unknown keys and wrong values are all told at once (exit code 1)."""
    file.write_text(GOOD.replace("threshold = 100_000", "treshold = 1").replace('"P1D"', '"P1Y"'))
    done = risk_stream("limits", "validate", str(file))
    assert (done.code, done.out) == (1, "")
    assert "limits[0].treshold: unknown key" in done.err
    assert "limits[1].window: " in done.err
    report = risk_stream("limits", "validate", str(file), "--json")
    assert (report.code, report.json["valid"]) == (1, False)
    assert len(report.json["errors"]) >= 3


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file is named."""
    done = risk_stream("limits", "validate", str(tmp_path / "none.toml"))
    assert done.code == 1
    assert "none.toml" in done.err


@pytest.mark.broker
def test_push_sends_all_or_nothing(file: Path, ready_shell: Shell) -> None:
    """A good file becomes SET_LIMITs; of one with a mistake nothing is sent."""
    assert ready_shell.good("limits", "push", str(file))["sent"] == 2
    file.write_text(GOOD.replace("P1D", "P1Y"))
    done = ready_shell("limits", "push", str(file))
    assert (done.code, done.out) == (1, "")
    assert "limits[1].window: " in done.err
    assert "Nothing was sent." in done.err


@pytest.mark.broker
def test_shadow_sends_copies_that_decide_nothing(file: Path, ready_shell: Shell) -> None:
    """As many as the file has, under ids of their own."""
    assert ready_shell.good("limits", "shadow", str(file))["sent"] == 2


def test_shadow_refuses_an_id_that_would_become_too_long(file: Path) -> None:
    """Nothing is sent then, and the id is named."""
    file.write_text(GOOD.replace("drawdown-1d", "d" * 60))
    done = risk_stream("limits", "shadow", str(file))
    assert done.code == 1
    assert "d~shadow: too long" in done.err


@pytest.mark.broker
def test_a_push_is_one_batch(file: Path, ready_shell: Shell) -> None:
    """The broker takes it whole or not at all: thousands of limits have one timestamp."""
    table = '[[limits]]\nlimit_id = "l{}"\nkind = "MAX_ORDER_QUANTITY"\nthreshold = 1\n'
    file.write_text(GOOD + "".join(map(table.format, range(2_000))))
    assert ready_shell.good("limits", "push", str(file))["sent"] == 2_002
    limits = ready_shell.good("limits", "list")["limits"]
    assert len(limits) == 2_002
    assert len({one["set_by"]["taken_at"] for one in limits}) == 1


@pytest.mark.broker
def test_a_push_that_fails_says_how_many_were_taken(file: Path, ready_shell: Shell) -> None:
    """Of a file that is too large for one batch, where the broker takes only the first."""
    name = ready_shell.prefix + "controls"
    asyncio.run(set_bytes_max(ready_shell.bootstrap, name, 500_000))
    table = '[[limits]]\nlimit_id = "{}"\nkind = "RESTRICTED_SYMBOL"\nthreshold = 0\nsymbols = {}\n'
    small, large = ([f"S{number:030}" for number in range(count)] for count in (5_000, 28_000))
    file.write_text(GOOD + table.format("small", small) + table.format("large", large))
    done = ready_shell("limits", "push", str(file), "--json")
    assert (done.code, done.json["sent"]) == (1, 3)
    assert "3 of 4 limits are acknowledged. Look at what is in force" in done.err


@pytest.mark.broker
def test_a_file_without_limits_changes_nothing(file: Path, ready_shell: Shell) -> None:
    """That is legal, and said."""
    file.write_text("")
    done = ready_shell("limits", "push", str(file), "--json")
    assert (done.code, done.json["sent"]) == (0, 0)
    assert "has no limits: nothing was sent, and those in force stay." in done.err
