"""The broker as a service of the user: started by one command, found again and stopped by others.

What is known about it lies in `broker.json` in its data folder; a process counts as ours only if its command is a Kafka
over this folder, so that a recycled process id is never signalled. Its start time would be no proof: it is counted from
the machine's start, whose date moves when the clock is set.
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from risk_stream.broker.config import HOST
from risk_stream.broker.embedded import STOP_TIMEOUT_S, EmbeddedBroker
from risk_stream.broker.launch import POLL_S, already_running, log_file
from risk_stream.broker.lock import kafka_version, locked_jars
from risk_stream.broker.probe import is_ready


@dataclass(frozen=True)
class BrokerStatus:
    """What `risk-stream broker status` tells."""

    running: bool
    ready: bool
    bootstrap: str | None
    pid: int | None
    kafka_version: str | None
    data_dir: str
    log: str


def start(port: int, data_dir: Path) -> BrokerStatus:
    """Start it and leave it running; one that already runs over `data_dir` on that port is left alone."""
    present = status(data_dir)
    if present.running and present.ready and present.bootstrap == f"{HOST}:{port}":
        return present
    if present.running:  # before anything of it is overwritten
        raise already_running(data_dir)
    broker = EmbeddedBroker(port, data_dir).start()
    assert broker.process is not None
    broker.detach()
    note = {
        "pid": broker.process.pid,
        "port": broker.port,
        "kafka_version": kafka_version(locked_jars()),
    }
    temporary = _note(data_dir).with_suffix(".new")
    temporary.write_text(json.dumps(note) + "\n")
    os.replace(temporary, _note(data_dir))
    return status(data_dir)


def status(data_dir: Path) -> BrokerStatus:
    """Whether the broker over `data_dir` runs and answers."""
    found = _find(data_dir)
    log = str(log_file(data_dir))
    if found is None:
        return BrokerStatus(False, False, None, None, None, str(data_dir), log)
    process, note = found
    port = int(note["port"])
    return BrokerStatus(
        True, is_ready(HOST, port), f"{HOST}:{port}", process.pid, str(note["kafka_version"]), str(data_dir), log
    )


def stop(data_dir: Path) -> bool:
    """Stop it in order, its data stay; False when none was running."""
    found = _find(data_dir)
    if found is not None:
        process, _ = found
        process.terminate()
        process.resume()  # one that was suspended would not hear it
        if not _ended(process, STOP_TIMEOUT_S):
            process.kill()
            _ended(process, STOP_TIMEOUT_S)
    _note(data_dir).unlink(missing_ok=True)
    return found is not None


def _ended(process: psutil.Process, timeout_s: float) -> bool:
    """Wait for its end. A zombie has ended: in a container nobody may be there to collect it."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(POLL_S)
    return False


def _find(data_dir: Path) -> tuple[psutil.Process, dict[str, str | int | float]] | None:
    try:
        note = json.loads(_note(data_dir).read_text())
        process = psutil.Process(note["pid"])
        if _is_kafka_over(data_dir, process.cmdline()):
            return process, note
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess, psutil.AccessDenied):
        pass  # no note, or one that a crash left half written, or a process that is gone or not ours: not running
    return None


def _is_kafka_over(data_dir: Path, command: list[str]) -> bool:
    """Whether a process has the command that launch.py gives the broker."""
    return command[-2:-1] == ["kafka.Kafka"] and os.path.samefile(command[-1], data_dir / "server.properties")


def _note(data_dir: Path) -> Path:
    return data_dir / "broker.json"
