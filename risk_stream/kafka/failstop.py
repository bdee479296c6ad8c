"""The one way out when anything is in doubt: no further write, a non-zero exit code, a clear last line."""

import os
import sys
import traceback
from typing import NoReturn

EXIT_DOUBT = 1


class Doubt(Exception):
    """What the logs, the disk and the memory say does not fit together, or may not: only a fresh start can tell."""


def fail_stop(reason: str, error: BaseException | None = None) -> NoReturn:
    """End the process at once. Open transactions are left to the broker, which aborts them at the next take-over."""
    if error is not None:
        traceback.print_exception(error, file=sys.stderr)
        reason = f"{reason}: {describe(error)}"
    sys.stderr.write(f"risk-stream worker: stopped: {' '.join(reason.split())}\n")
    sys.stderr.flush()
    os._exit(EXIT_DOUBT)


def describe(error: BaseException) -> str:
    """One line that names the error, also where its own text is empty."""
    text = str(error)
    name = type(error).__name__
    return text if isinstance(error, Doubt) else f"{name}: {text}" if text else name
