"""What all runs of a campaign share: one broker, a folder, and the copy of the package under test."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from risk_stream.broker.embedded import EmbeddedBroker
from tests.faults.scene import Scene
from tests.faults.worker import environment_of

WARM_UP = "from risk_stream.ops.compiling import compile_ahead; compile_ahead()"
COMPILES_SECONDS = 900


def compile_once(package_root: Path | None) -> None:
    """Compile the core before any worker starts: the first start after a change of sources takes a minute or more."""
    command, environment = [sys.executable, "-c", WARM_UP], environment_of(package_root)
    subprocess.run(command, env=environment, cwd=package_root or Path.cwd(), check=True, timeout=COMPILES_SECONDS)


@dataclass(frozen=True, slots=True)
class Soak:
    """How long row 19 takes: until so many orders are sent, or for so long."""

    orders: int = 5_000_000
    seconds: float = 24 * 3600.0
    rate: float = 2_500.0

    @classmethod
    def of(cls, orders: int | None, minutes: float | None, rate: float | None) -> Self:
        """What was asked for, and the rest as it is."""
        plain = cls()
        seconds = plain.seconds if minutes is None else 60 * minutes
        return cls(orders or plain.orders, seconds, rate or plain.rate)


class Stage:
    """A broker that scenes follow each other on."""

    def __init__(self, seed: int = 1, package_root: Path | None = None) -> None:
        self.seed, self.package_root = seed, package_root
        self.folder = Path(tempfile.mkdtemp(prefix="risk-stream-faults-"))
        self.broker = EmbeddedBroker(data_dir=self.folder / "broker")
        self.soak = Soak()
        self._scenes = 0

    def __enter__(self) -> Self:
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # our own clients lose the broker, too: on purpose
        compile_once(self.package_root)
        self.broker.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.broker.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, row: int, run: int) -> None:
        """The next scenes belong to this run: rows have under 100 runs of under 10 scenes."""
        self._scenes = row * 1_000 + run * 10

    def scene(self) -> Scene:
        """A new scene; seed and number name it and make its traffic, whatever ran before."""
        self._scenes += 1
        number = self.seed * 100_000 + self._scenes
        return Scene(self.broker.bootstrap, self.folder / f"run-{number}", number, self.package_root)
