"""The systems that are compared, and how each is started. Each gets the same topics and writes a decision an order."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.job import AGE_MAX_S, DRAWDOWN_DAY_MAX, DRAWDOWN_MONTH_MAX, EXPOSURE_MAX, NOTIONAL_MAX, QUANTITY_MAX, VALUE
from bench.peers.streams import build as streams
from bench.process import ROOT
from bench.stage import PARTITIONS, Stage

Command = Sequence[str]


@dataclass(frozen=True, slots=True)
class System:
    """A name, how to start it on a stage with a group and a folder of its own, and what may be asked of it."""

    name: str
    command: Callable[[], Command]
    settings: Mapping[str, str]
    full: bool = False
    """Does the full job rather than the peers'."""
    judges: bool = True
    """Whether it decides; an echo approves everything."""
    processes: int = 1

    def environment(self, stage: Stage, group: str, folder: Path) -> dict[str, str]:
        """What the process is told, by environment variables: ours as any user's, the peers' by names of the bench."""
        ours = {
            "BROKER": stage.bootstrap,
            "TOPIC_PREFIX": stage.prefix,
            "APP_ID": group,
            "PARTITIONS": PARTITIONS,
            "DATA_DIR": folder,
            "METRICS_PORT": -1,
            "LOG_LEVEL": "WARNING",
        }
        peers = {
            "BOOTSTRAP": stage.bootstrap,
            "ORDERS": stage.topic("orders"),
            "DECISIONS": stage.topic("decisions"),
            "PARTITIONS": PARTITIONS,
            "GROUP": group,
            "FOLDER": folder,
            "VALUE": VALUE,
            "QUANTITY_MAX": QUANTITY_MAX,
            "NOTIONAL_MAX": NOTIONAL_MAX,
            "EXPOSURE_MAX": EXPOSURE_MAX,
            "DRAWDOWN_DAY_MAX": DRAWDOWN_DAY_MAX,
            "DRAWDOWN_MONTH_MAX": DRAWDOWN_MONTH_MAX,
            "RATE_MAX": stage.shape.rate_max,
            "AGE_MAX_MS": AGE_MAX_S * 1000,
        }
        variables = {f"RISK_STREAM_{name}": str(value) for name, value in ours.items()}
        return variables | {f"BENCH_{name}": str(value) for name, value in peers.items()} | dict(self.settings)


def python(*arguments: str) -> Callable[[], Command]:
    """A module run by the Python that runs this."""
    return lambda: (sys.executable, "-m", *arguments)


@cache
def compiled() -> None:
    """Compile the engine if that is still to be done: it takes a minute and a gigabyte, which no run should show."""
    subprocess.run((sys.executable, "-m", "risk_stream", "compile"), cwd=ROOT, check=True)


def worker(module: str = "risk_stream") -> Callable[[], Command]:
    """Our own worker, compiled; or a module that runs it."""

    def command() -> Command:
        compiled()
        return (sys.executable, "-m", module, "worker")

    return command


READER = "reader"
SYSTEMS = {
    one.name: one
    for one in (
        System("risk_stream", worker(), {}),
        System("risk_stream_full", worker(), {}, full=True),
        System("streams_eos", streams.command, {"BENCH_GUARANTEE": "exactly_once_v2"}),
        System("streams_eos_1s", streams.command, {"BENCH_GUARANTEE": "exactly_once_v2", "BENCH_COMMIT_MS": "1000"}),
        System(
            "streams_eos_fast",
            streams.command,
            {"BENCH_GUARANTEE": "exactly_once_v2", "BENCH_COMMIT_MS": "10", "BENCH_LINGER_MS": "0"},
        ),
        System("streams_alo", streams.command, {"BENCH_GUARANTEE": "at_least_once"}),
        System("quix", python("bench.peers.quix_peer"), {}),
        System("faust", python("bench.peers.faust_peer", "worker", "--without-web", "-l", "warn"), {}),
        System("echo", python("bench.peers.echo"), {}, judges=False),
        System("echo_transactions", python("bench.peers.echo", "transactions"), {}, judges=False),
        System(READER, python("bench.peers.reader"), {}, judges=False),
    )
}
