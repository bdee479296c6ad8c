"""A file of anchored heads names what can be looked for, or is refused."""

import json
from pathlib import Path

import pytest

from risk_stream.audit.heads import load_heads
from risk_stream.audit.log import LogError
from tests.audit.recording import Recording


@pytest.mark.parametrize("heads", [[(2, 5)], [(-1, 5)], [(0, 0)], [(0, -3)], [(1, 5), (1, 6)]])
def test_a_head_that_no_log_can_hold_is_refused(tmp_path: Path, heads: list[tuple[int, int]]) -> None:
    """Of a partition that is not there, of no step, or one of two of the same partition."""
    file = tmp_path / "head.json"
    named = [{"partition": partition, "seq": seq, "chain": "0" * 64} for partition, seq in heads]
    file.write_text(json.dumps({"prefix": "risk.", "partitions": 2, "heads": named}))
    with pytest.raises(LogError, match="it must name each partition once at most"):
        load_heads(file, Recording(2))
