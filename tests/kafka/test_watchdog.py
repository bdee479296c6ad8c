"""A worker that hangs ends by itself, wherever it hangs."""

import subprocess
import sys

PROGRAM = """
import asyncio, ctypes, time
from risk_stream.kafka.threads import in_thread
from risk_stream.kafka.watchdog import Watchdog
from risk_stream.ops.metrics import WorkerMetrics


async def work():
    watchdog = Watchdog(1.5, WorkerMetrics(), lambda: ())
    watchdog.start()
    for _ in range(7):  # all is well for longer than its patience
        await in_thread(lambda: time.sleep(0.5))
    print("well", flush=True)
    {hang}
    watchdog.stop()
    time.sleep(3.5)  # and nobody watches any more
    print("stopped", flush=True)


asyncio.run(work())
"""


def ended(hang: str) -> tuple[int, str, str]:
    """Exit code and what was said."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(hang=hang)], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def test_a_loop_that_hangs() -> None:
    """The thread finds it."""
    code, out, err = ended("time.sleep(50)")
    assert (code, out) == (1, "well\n")
    assert err == "risk-stream worker: stopped: the event loop did not run for 1.5 s\n"


def test_a_call_that_hangs_and_holds_the_interpreter() -> None:
    """As a write to a disk that does not answer: no thread of ours runs any more."""
    code, out, err = ended("ctypes.PyDLL(None).sleep(50)")
    assert (code, out) == (1, "well\n")
    assert err.startswith("Timeout (0:00:03)!\n")
    assert "in work" in err


def test_a_thread_that_hangs() -> None:
    """The loop goes on meanwhile, and nothing seems to wait: an engine in a take-over, in a stop, or after a burst."""
    code, out, err = ended("await in_thread(lambda: time.sleep(50))")
    assert (code, out) == (1, "well\n")
    assert err == "risk-stream worker: stopped: a thread has been busy with one thing for 1.5 s\n"


def test_nothing_hangs() -> None:
    """It goes on, and is watched no more once it was told so."""
    assert ended("pass") == (0, "well\nstopped\n", "")
