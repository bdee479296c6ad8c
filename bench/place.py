"""The broker of a benchmark. When something goes wrong its last words are told too: it may be what went wrong."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from risk_stream.broker.embedded import EmbeddedBroker
from risk_stream.broker.launch import log_file

HEAP_MB = 1024
LAST_LINES = 15


@contextmanager
def open_broker() -> Iterator[tuple[str, int]]:
    """A broker of our own: its address and its process id."""
    with EmbeddedBroker(heap_mb=HEAP_MB) as broker:
        assert broker.process is not None
        try:
            yield broker.bootstrap, broker.process.pid
        except Exception:
            state = "runs" if broker.running else f"ended with exit code {broker.process.returncode}"
            lines = log_file(broker.data_dir).read_text("utf-8", "replace").splitlines()[-LAST_LINES:]
            print(f"the broker {state}; its last words:", *lines, sep="\n", file=sys.stderr)
            raise
