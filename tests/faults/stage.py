"""What all runs of a campaign share: one broker, a folder, and the copy of the package under test."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Self

from risk_stream.broker.embedded import EmbeddedBroker
from tests.faults.scene import Scene


class Stage:
    """A broker that scenes follow each other on."""

    def __init__(self, seed: int = 1, package_root: Path | None = None) -> None:
        self.seed, self.package_root = seed, package_root
        self.folder = Path(tempfile.mkdtemp(prefix="risk-stream-faults-"))
        self.broker = EmbeddedBroker(data_dir=self.folder / "broker")
        self._scenes = 0

    def __enter__(self) -> Self:
        self.broker.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.broker.close()

    def scene(self) -> Scene:
        """A new scene; seed and number name it and make its traffic."""
        self._scenes += 1
        number = self.seed * 10_000 + self._scenes
        return Scene(self.broker.bootstrap, self.folder / f"run-{number}", number, self.package_root)
