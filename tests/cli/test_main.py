"""The entry point: commands are found late, failures become words and exit codes."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import risk_stream
from risk_stream.cli.main import COMMANDS
from tests.cli.command import risk_stream as run


def test_help_lists_every_command_and_imports_none() -> None:
    """--help answers without the engine, Faust or the Kafka client."""
    code = (
        "import sys; sys.argv = ['risk-stream', '--help']\n"
        "from risk_stream.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('\\nimported', {'numba', 'faust', 'aiokafka', 'numpy', 'jgo'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert done.stdout.endswith("imported set()\n")


@pytest.mark.parametrize("module", ["cli.replay", "audit.replay_job", "audit.report", "cli.audit_text"])
def test_the_parent_of_a_replay_does_not_load_the_engine(module: str) -> None:
    """It takes two seconds, and only the processes that replay need it."""
    code = f"import sys, risk_stream.{module}; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_is_there(name: str) -> None:
    """A name in the list has its module, and help of its own."""
    done = run(name, "--help")
    assert done.code == 0, done.err
    assert done.out.startswith(f"Usage: risk-stream {name} ")


def test_version_is_said_once() -> None:
    """The package, its metadata and --version agree."""
    assert run("--version").out == f"risk-stream, version {risk_stream.__version__}\n"
    assert version("risk-stream") == risk_stream.__version__


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("broker", "start", "--port", "0"), ("--nonsense",), ("publish", "x")]
)
def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    """What cannot be meant is exit code 2, on stderr."""
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Error: " in done.err


def test_wrong_setting_is_2(tmp_path: Path) -> None:
    """A misspelt variable stops every command, by name."""
    done = run("broker", "status", env={"RISK_STREAM_BROKERS": "x"})
    assert done.code == 2
    assert "RISK_STREAM_BROKERS: no such setting (did you mean RISK_STREAM_BROKER?)" in done.err


@pytest.mark.parametrize(
    "arguments", [("topics", "create"), ("topics", "describe"), ("publish", "orders"), ("tail", "decisions")]
)
def test_no_broker_is_1_with_advice(arguments: tuple[str, ...]) -> None:
    """A cluster that does not answer is named, with what to do; no traceback."""
    done = run(*arguments, env={"RISK_STREAM_BROKER": "127.0.0.1:1"})
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Error: Kafka at 127.0.0.1:1: ")
    assert "risk-stream broker start" in done.err
    assert "Traceback" not in done.err


def test_a_worker_without_a_broker_says_what_to_do(tmp_path: Path) -> None:
    """Its last line names the address and the next step, as that of every other command does."""
    done = run("worker", env={"RISK_STREAM_BROKER": "127.0.0.1:1", "RISK_STREAM_DATA_DIR": str(tmp_path)})
    last = done.err.splitlines()[-1]
    assert done.code == 1
    assert last.startswith("risk-stream worker: stopped: worker: Kafka at 127.0.0.1:1: ")
    assert "`risk-stream broker start`" in last and "`risk-stream doctor`" in last
