"""The handler `log`."""

from typing import Any

import pytest

from risk_stream.handlers.log import LogHandler
from tests.handlers.samples import violation


@pytest.mark.parametrize("severity", [None, [], {}, 5, "LOUD"])
def test_any_severity_makes_a_line(severity: Any) -> None:
    """Somebody else's idea of one is no reason to try again and again."""
    LogHandler().handle(violation(severity=severity))
