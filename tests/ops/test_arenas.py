"""Threads share the allocator's arenas."""

import subprocess
import sys

from risk_stream.ops.arenas import ARENAS_MAX

THREADS = 6
PROGRAM = f"""
import ctypes, re, sys, threading
from risk_stream.ops.arenas import share_arenas

if sys.argv[1] == "shared":
    assert share_arenas()
malloc = ctypes.CDLL(None).malloc
together = threading.Barrier({THREADS})

def work():
    together.wait()
    for _ in range(200):
        malloc(10_000)  # a call through ctypes releases the interpreter: all are in there at once
    together.wait()

threads = [threading.Thread(target=work) for _ in range({THREADS})]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
starts = (int(line.split("-")[0], 16) for line in open("/proc/self/maps") if re.search(r" rw-p 0+ 00:00 0\\s*$", line))
print(sum(start % (64 << 20) == 0 for start in starts))
"""


def arenas(how: str) -> int:
    """How many a process has besides the first, which lies elsewhere; they begin at multiples of 64 MiB."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_threads_share_arenas() -> None:
    """Without the setting each has its own."""
    assert arenas("shared") < ARENAS_MAX < arenas("apart")
