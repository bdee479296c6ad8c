"""A file of anchored heads names what can be looked for, or is refused."""

import asyncio
import json
from pathlib import Path

import pytest

from risk_stream.audit.heads import load_heads, read_heads
from risk_stream.audit.log import JOURNAL, LogError
from tests.audit.recording import Recording, record
from tests.audit.replayed import trimmed


@pytest.mark.parametrize("heads", [[(2, 5)], [(-1, 5)], [(0, 0)], [(0, -3)], [(1, 5), (1, 6)]])
def test_a_head_that_no_log_can_hold_is_refused(tmp_path: Path, heads: list[tuple[int, int]]) -> None:
    """Of a partition that is not there, of no step, or one of two of the same partition."""
    file = tmp_path / "head.json"
    named = [{"partition": partition, "seq": seq, "chain": "0" * 64} for partition, seq in heads]
    file.write_text(json.dumps({"prefix": "risk.", "partitions": 2, "heads": named}))
    with pytest.raises(LogError, match="it must name each partition once at most"):
        load_heads(file, Recording(2))


def test_a_journal_of_which_no_step_is_kept_has_no_head() -> None:
    """It is not left out of those to be kept: nobody would miss it."""
    written = record()
    count = len(written.lines(JOURNAL, 0))
    heads = asyncio.run(read_heads(written))
    assert [head.partition for head in heads] == list(range(written.partitions))
    assert asyncio.run(read_heads(trimmed(written, JOURNAL, count - 1))) == heads
    with pytest.raises(LogError, match="no step is kept before"):
        asyncio.run(read_heads(trimmed(written, JOURNAL, count)))
