"""Run `risk-stream` as a user does: a process of its own, its output and exit code."""

import json
import os
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

EXECUTABLE = Path(sysconfig.get_path("scripts")) / "risk-stream"
TIMEOUT_S = 120


class Done(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as JSON, which must be its only line."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


def risk_stream(*arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Done:
    """Run it with only these RISK_STREAM_ variables."""
    done = subprocess.run(
        [str(EXECUTABLE), *arguments],
        input=stdin,
        env=clean_environment(env or {}),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours, with only these RISK_STREAM_ variables."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RISK_STREAM_")} | dict(settings)
