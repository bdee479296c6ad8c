"""The README says what is: its tables are compared with the code, its first ten minutes are run."""

import os
import re
import signal
import subprocess
import sysconfig
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_stream.cli.main import COMMANDS
from risk_stream.messages.decision import NotEvaluable
from risk_stream.messages.fault import FaultReason
from risk_stream.messages.limit_kind import LimitKind
from risk_stream.ops.settings import settings_table
from tests.conftest import TestBroker
from tests.waiting import wait_for

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
READY_TIMEOUT_S = 240.0  # the first worker on a machine compiles the engine


def test_configuration_table_is_the_settings() -> None:
    """Print settings_table() between the marks when this fails."""
    (table,) = re.findall("<!-- settings -->\n(.*)<!-- /settings -->", README, re.DOTALL)
    assert table == settings_table()


@pytest.mark.parametrize("code", [*NotEvaluable, *FaultReason, *LimitKind])
def test_every_code_is_listed(code: str) -> None:
    """No reason code is left out."""
    assert f"`{code}`" in README


def test_every_command_is_listed() -> None:
    """Nor any command."""
    assert [name for name in COMMANDS if f"| `risk-stream {name}" not in README] == []


class Reader:
    """Somebody who types what the README says, in a folder of their own."""

    def __init__(self, folder: Path, broker: TestBroker) -> None:
        self._folder = folder
        self._env = {
            **os.environ,
            "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"],
            "RISK_STREAM_BROKER": broker.bootstrap,
            "RISK_STREAM_TOPIC_PREFIX": f"readme{uuid.uuid4().hex[:8]}.",
            "RISK_STREAM_APP_ID": f"readme{uuid.uuid4().hex[:8]}",
            "RISK_STREAM_DATA_DIR": str(folder / "data"),
            "RISK_STREAM_METRICS_PORT": "0",
        }
        self.worker: subprocess.Popen[bytes] | None = None

    def types(self, block: str) -> str:
        """Run a block and return its output."""
        done = subprocess.run(
            ["bash", "-euc", block], cwd=self._folder, env=self._env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def starts_worker(self) -> None:
        """Start it as a process that can be stopped."""
        with (self._folder / "worker.log").open("wb") as log:
            self.worker = subprocess.Popen(["risk-stream", "worker"], cwd=self._folder, env=self._env, stderr=log)

    def sees(self, expected: str, command: str) -> None:
        """Look until the output of `command` has a match."""

        def looked() -> bool:
            assert self.worker is not None
            assert self.worker.poll() is None, (self._folder / "worker.log").read_text()
            return re.search(expected, self.types(command)) is not None

        wait_for(looked, READY_TIMEOUT_S)


@pytest.fixture
def reader(tmp_path: Path, broker: TestBroker) -> Iterator[Reader]:
    """Their worker does not outlive the test."""
    reader = Reader(tmp_path, broker)
    yield reader
    if reader.worker is not None:
        reader.worker.kill()
        reader.worker.wait()


@pytest.mark.broker
@pytest.mark.timeout(600)  # longer than what the worker may take to compile
def test_first_ten_minutes(reader: Reader) -> None:
    """An order is approved, a limit is set, the next is refused; the worker stops in order when asked."""
    setup, first_order, limits, _stop = re.findall("```sh\n(.*?)```", README, re.DOTALL)
    assert "risk-stream topics create\nrisk-stream worker" in setup  # environment and broker are ours
    reader.types("risk-stream topics create")
    reader.starts_worker()
    reader.types(first_order)
    reader.sees(r"^\S+Z  alpha  o-1  APPROVED  OK\n$", "risk-stream tail decisions --portfolio alpha")
    reader.types(limits)
    refused = r"\[order-notional MAX_ORDER_NOTIONAL HARD_BREACH: 2550, threshold 2000\]"
    reader.sees(f"o-2  REJECTED  MAX_ORDER_NOTIONAL  {refused}", "risk-stream tail decisions --portfolio alpha")
    reader.sees(
        f"alpha  DETECTED  {refused}  order_id o-2  symbol ACME", "risk-stream tail violations --portfolio alpha"
    )
    assert reader.worker is not None
    reader.worker.send_signal(signal.SIGTERM)
    assert reader.worker.wait(60) == 0
