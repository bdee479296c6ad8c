"""The broker as an object: tests, the demo and the fault harness start, hurt and stop a real Kafka with it."""

import atexit
import shutil
import signal
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from risk_stream.broker.config import HOST, server_properties
from risk_stream.broker.errors import BrokerError
from risk_stream.broker.launch import PortTakenError, launch, port_taken, wait_until_ready
from risk_stream.broker.probe import free_ports, is_free

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
PORT_ATTEMPTS_MAX = 3


class EmbeddedBroker:
    """One Kafka node on loopback. It ends with this process, at the latest, unless it was detached.

    With `port` 0 a free port is chosen at the first start and kept: after kill() or stop(), start() brings the same
    broker back at the same address. Without `data_dir` the data lie in a temporary folder that close() removes.
    """

    def __init__(self, port: int = 0, data_dir: Path | None = None, *, heap_mb: int = 512) -> None:
        self._temporary = data_dir is None
        self.data_dir = data_dir.absolute() if data_dir else Path(tempfile.mkdtemp(prefix="risk-stream-broker-"))
        self._port = port
        self._any_port = port == 0
        self._heap_mb = heap_mb
        self.process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    @property
    def port(self) -> int:
        """The port clients connect to; 0 before the first start of a broker that may choose."""
        return self._port

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients."""
        if not self._port:
            raise BrokerError("The broker has no address yet.", "Call start() first.")
        return f"{HOST}:{self._port}"

    @property
    def running(self) -> bool:
        """True while its process lives, suspended or not."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> Self:
        """Start it and wait until it serves (3 s; the very first time on a machine the jars are fetched before)."""
        if self.running:
            return self
        for attempt in range(1, PORT_ATTEMPTS_MAX + 1):
            try:
                self._start_once()
                return self
            except PortTakenError:
                if not self._any_port or attempt == PORT_ATTEMPTS_MAX:
                    raise
                self._port = 0  # a free port was snatched away between looking and listening
        raise AssertionError("the last attempt returns or raises")

    def stop(self) -> None:
        """End it in order (a clean shutdown takes about a second); its data stay."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would; its data stay as they are."""
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Freeze the process: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended process go on."""
        self._signal(signal.SIGCONT)

    def detach(self) -> None:
        """Leave the process running when this one ends."""
        atexit.unregister(self.close)

    def close(self) -> None:
        """Stop it and remove what was temporary; harmless when repeated."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)
        atexit.unregister(self.close)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.close()

    def _start_once(self) -> None:
        if self._port:
            (controller_port,) = free_ports(HOST, 1)
            if not is_free(HOST, self._port):
                raise port_taken(self._port)
        else:
            self._port, controller_port = free_ports(HOST, 2)
        properties = partial(self._properties, self._port, controller_port)
        self.process = launch(self.data_dir, properties, self._heap_mb)
        try:
            wait_until_ready(self.process, self.data_dir, self._port, START_TIMEOUT_S)
        except BaseException:
            self.kill()
            raise

    def _properties(self, port: int, controller_port: int, log_dir: Path) -> str:
        """The text of its properties file; a broker with other doors has others."""
        return server_properties(port, controller_port, log_dir)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None:
            raise BrokerError("The broker is not running.", "Call start() first.")
        self.process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(number)
        if number != signal.SIGKILL:
            self.process.send_signal(signal.SIGCONT)  # a suspended process would not hear it
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
