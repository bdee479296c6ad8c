"""Limits that observe the same of an order are found to."""

import re
from pathlib import Path

from risk_stream.messages.limit_kind import LimitKind
from risk_stream.rules import exposure

RULES = Path(exposure.__file__).parent
LOOKED_AT = {
    "window_ms",
    "peak_window",  # of window_ms
    "amount",  # of unit
    "adverse_move",
    "metric_h1",
    "metric_h2",
    "symbols_from",
    "symbols_to",
}


def test_kinds_look_at_what_limits_are_compared_by() -> None:
    """Two limits alike in these share one observation (rules/compile.py), so that no kind may look at more."""
    files = [RULES / f"{kind.lower()}.py" for kind in LimitKind] + [RULES / "exposure.py", RULES / "book.py"]
    found = {name for file in files for name in re.findall(r"\blimit(?:s\[index\])?\.(\w+)", file.read_text())}
    assert found == LOOKED_AT
