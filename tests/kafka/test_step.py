"""With what a step's transaction begins."""

import asyncio
import time
from collections.abc import Collection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.journal import beginning
from risk_stream.kafka.step import EXPECTED_FOR_S, Stepper

DAY_S = 24 * 3600.0
"""After it a broker forgets a producer's sequence numbers, by default."""


def begun(rested_s: float, cut: Any, monkeypatch: pytest.MonkeyPatch) -> Collection[str]:
    """With which topics the first step begins, so long after a take-over."""
    told: list[Collection[str]] = []
    owned = SimpleNamespace(
        end=beginning(0, 0),
        offsets_behind=False,
        producer=SimpleNamespace(begin=told.append),
        snapshotter=SimpleNamespace(changelog="changelog"),
    )
    config = WorkerConfig(Connection("nowhere:1"), Path(), topic_prefix="")

    async def body() -> None:
        stepper = Stepper(config, 0, cast(Any, owned), cast(Any, None), cast(Any, None))
        stepper._cut = cut
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + rested_s)
        await stepper._begin()

    asyncio.run(body())
    return told[0]


def test_a_step_is_expected_to_write_where_the_last_one_did(monkeypatch: pytest.MonkeyPatch) -> None:
    """And to the changelog, when a snapshot goes with it."""
    assert begun(1.0, None, monkeypatch) == ["decisions", "journal"]
    assert begun(1.0, object(), monkeypatch) == ["decisions", "journal", "changelog"]


def test_after_a_long_rest_only_what_is_sure_is_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A marker alone would break the order of the next records there (test_long_rest.py)."""
    assert begun(EXPECTED_FOR_S + 60, None, monkeypatch) == ["journal"]
    assert begun(EXPECTED_FOR_S + 60, object(), monkeypatch) == ["journal", "changelog"]
    assert EXPECTED_FOR_S < DAY_S / 10
