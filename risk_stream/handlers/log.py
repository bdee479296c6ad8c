"""The handler `log`: each violation as a line of this process's log, its severity as the line's level."""

import json
import logging
from typing import Final

from risk_stream.handlers.published import PublishedViolation
from risk_stream.ops.settings import Settings

log = logging.getLogger("risk_stream.violations")

LEVELS: Final = {
    "WARNING": logging.INFO,
    "SOFT_BREACH": logging.WARNING,
    "HARD_BREACH": logging.WARNING,
    "CRITICAL": logging.ERROR,
}


class LogHandler:
    """Writes `EVENT {payload}`. A RESOLVED is good news, whatever severity it leaves."""

    def handle(self, violation: PublishedViolation) -> None:
        """One line. In a thread: the reader of stderr may be slow."""
        fields = violation.fields
        level = logging.INFO if fields.get("event") == "RESOLVED" else LEVELS.get(str(fields.get("severity")))
        log.log(
            logging.WARNING if level is None else level,
            "%s %s",
            fields.get("event"),
            json.dumps(fields, ensure_ascii=False),
        )


def create(settings: Settings) -> LogHandler:
    """It needs nothing."""
    return LogHandler()
