"""A directory as a crash leaves it in the middle of a snapshot."""

from collections.abc import Sequence

import pytest

from risk_stream.kafka.ports import Row
from risk_stream.kafka.store import RowStore, Saved


def apply_cut_short(monkeypatch: pytest.MonkeyPatch, store: RowStore, rows: Sequence[Row], saved: Saved) -> None:
    """`store.apply`, up to its last write."""
    with monkeypatch.context() as patched:
        patched.setattr(RowStore, "_end_of", _crash)
        with pytest.raises(InterruptedError):
            store.apply(rows, saved)


def _crash(*_: object) -> None:
    raise InterruptedError
