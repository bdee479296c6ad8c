"""Properties of a broker that is started in this thread alone: in a campaign other threads start brokers meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from risk_stream.broker import launch as launching
from risk_stream.broker.config import server_properties

Properties = Callable[[int, int, Path], str]
_here = threading.local()


@contextmanager
def started_with(properties: Properties) -> Iterator[None]:
    """What is launched inside, in this thread, gets these."""
    vars(launching)["server_properties"] = _of_this_thread
    _here.properties = properties
    try:
        yield
    finally:
        del _here.properties


def _of_this_thread(port: int, controller_port: int, log_dir: Path) -> str:
    properties: Properties = getattr(_here, "properties", server_properties)
    return properties(port, controller_port, log_dir)
