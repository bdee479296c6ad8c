"""A TCP proxy in front of the broker that delays, cuts, or swallows what passes.

It is a process of its own (`python -m tests.faults.proxy PORT TARGET_PORT`), told what to do line by line: beside a
sender in one event loop it would let less pass than a worker needs.
"""

from __future__ import annotations

import asyncio
import sys

from tests.faults.companion import Companion

HOST = "127.0.0.1"
CHUNK_BYTES = 1 << 16


class Proxy(Companion):
    """Listens on `port` and forwards to the broker's while it is entered."""

    def __init__(self, port: int, target_port: int) -> None:
        super().__init__("tests.faults.proxy", str(port), str(target_port))
        self.port = port

    def delay(self, seconds: float) -> None:
        """From now on every chunk, at most 64 KiB, waits so long."""
        self.tell(f"delay {seconds}")

    def swallow(self, on: bool) -> None:
        """Half-open: connections stay, nothing arrives."""
        self.tell(f"swallow {int(on)}")

    def cut(self) -> None:
        """Reset every connection."""
        self.tell("cut 1")


class _Pipes:
    """The connections, in the proxy's own process."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._delay_seconds = 0.0
        self._swallow = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def obey(self, lines: asyncio.StreamReader) -> None:
        """Until the harness is gone."""
        while line := await lines.readline():
            name, number = line.split()
            if name == b"delay":
                self._delay_seconds = float(number)
            elif name == b"swallow":
                self._swallow = number == b"1"
            else:
                for writer in list(self._writers):
                    writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, forth = await asyncio.open_connection(HOST, self._target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, forth}
        for source, sink in ((reader, forth), (back, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK_BYTES):
                if self._delay_seconds:
                    await asyncio.sleep(self._delay_seconds)
                if self._swallow:
                    continue
                sink.write(chunk)
                await sink.drain()
        except (OSError, ConnectionError):
            pass
        finally:
            self._writers.discard(sink)
            sink.transport.abort()


async def _serve(port: int, target_port: int) -> None:
    pipes, lines = _Pipes(target_port), asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with await asyncio.start_server(pipes.accept, HOST, port):
        print("ready", flush=True)
        await pipes.obey(lines)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
