"""Start the Java process, and tell a good start from each way it can fail."""

import fcntl
import os
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from risk_stream.broker.config import HOST
from risk_stream.broker.errors import BrokerError
from risk_stream.broker.jars import class_path
from risk_stream.broker.java import Java, find_java
from risk_stream.broker.probe import is_ready

POLL_S = 0.05
LAST_LINES = 15
UNSAFE_FLAG_MAJOR = 23
FORMAT_TIMEOUT_S = 60
LOG_CONFIG = Path(__file__).parent / "log4j2.properties"


class PortTakenError(BrokerError):
    """Another process listens on the port."""


def port_taken(port: int) -> PortTakenError:
    """The error for a `port` that somebody else has."""
    return PortTakenError(
        f"Port {port} on {HOST} is taken by another process.",
        f"Choose another (--port), or, if it is a Kafka you want to use: RISK_STREAM_BROKER={HOST}:{port}.",
    )


def already_running(data_dir: Path) -> BrokerError:
    """The error for a `data_dir` that a broker is using."""
    return BrokerError(
        f"Another broker is running over {data_dir}.",
        "Use it (risk-stream broker status), stop it (risk-stream broker stop), or choose another --data-dir.",
    )


def launch(data_dir: Path, properties_text: Callable[[Path], str], heap_mb: int) -> subprocess.Popen[bytes]:
    """A Kafka over `data_dir`, formatted if it is new; not ready yet. `properties_text` is asked with the directory of
    its logs. It has a session of its own, so that Ctrl-C in the terminal reaches only us and we stop it in order."""
    java = _java_command(find_java(), heap_mb)
    logs, properties = data_dir / "kafka", data_dir / "server.properties"
    try:
        with _only_broker(data_dir) as lock:
            properties.write_text(properties_text(logs))
            if not (logs / "meta.properties").exists():
                _format(java, properties)
            with log_file(data_dir).open("wb") as log:
                return subprocess.Popen(
                    [*java, "kafka.Kafka", str(properties)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd=data_dir,
                    pass_fds=[lock],
                )
    except OSError as error:
        raise BrokerError(
            f"The data folder {data_dir} cannot be used: {error}.", "Choose another (--data-dir)."
        ) from error


@contextmanager
def _only_broker(data_dir: Path) -> Iterator[int]:
    """Hold the folder's lock and yield it, for the broker to inherit: it is held for as long as the broker lives.

    Kafka's own lock comes too late: by then a second broker has already written to the first one's metadata log.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise already_running(data_dir) from None
        yield lock.fileno()


def wait_until_ready(process: subprocess.Popen[bytes], data_dir: Path, port: int, timeout_s: float) -> None:
    """Return when the broker serves requests; raise BrokerError with the log's last lines when it never will."""
    deadline = time.monotonic() + timeout_s
    while not is_ready(HOST, port):
        if process.poll() is not None:
            raise _failed(f"The broker ended with exit code {process.returncode} before it was ready.", data_dir, port)
        if time.monotonic() > deadline:
            raise _failed(f"The broker was not ready after {timeout_s:g} s.", data_dir, port)
        time.sleep(POLL_S)
    if process.poll() is not None:  # somebody else answered
        raise port_taken(port)


def log_file(data_dir: Path) -> Path:
    """Where the broker's own output goes."""
    return data_dir / "broker.log"


def _java_command(java: Java, heap_mb: int) -> list[str]:
    command = [java.executable, f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", f"-Dlog4j2.configurationFile={LOG_CONFIG}"]
    if java.major >= UNSAFE_FLAG_MAJOR:  # else the log opens with warnings about what Kafka's libraries do
        command += ["--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"]
    return [*command, "-cp", os.pathsep.join(map(str, class_path()))]


def _format(java: list[str], properties: Path) -> None:
    cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", f"--config={properties}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=FORMAT_TIMEOUT_S, cwd=properties.parent)
    if done.returncode:
        raise BrokerError(
            f"The data folder {properties.parent} could not be formatted:\n{(done.stdout + done.stderr).strip()}",
            "Choose an empty folder (--data-dir).",
        )


def _failed(problem: str, data_dir: Path, port: int) -> BrokerError:
    log = log_file(data_dir)
    text = log.read_text("utf-8", "replace")
    if "Address already in use" in text:
        return port_taken(port)
    lines = "\n".join(text.splitlines()[-LAST_LINES:])
    return BrokerError(f"{problem} Its last words:\n{lines}", f"The whole log: {log}")
