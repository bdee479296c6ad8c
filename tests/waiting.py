"""Wait for something that happens elsewhere: the only place in the tests that lets time pass."""

import threading
import time
from collections.abc import Callable

POLL_S = 0.02


def wait_for(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Return once `condition()` is true; fail after `timeout_s`."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s"
        pause.wait(POLL_S)
