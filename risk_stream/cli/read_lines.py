"""The lines of a file, a pipe or a terminal as they come; threads read them, so that the event loop never waits."""

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import Future
from threading import Thread
from typing import BinaryIO, Final

from risk_stream.messages.record_size import VALUE_BYTES_MAX

LINE_BYTES_MAX: Final = 2 * VALUE_BYTES_MAX
"""A line may have blanks around a value; of a longer one only the beginning is kept in memory."""
CHUNK_BYTES = 64 * 1024  # what a pipe holds


async def read_lines(file: BinaryIO) -> AsyncIterator[bytes]:
    """Each line as soon as its end was read, without its line feed; the last one may have none.

    Of a line longer than LINE_BYTES_MAX only a beginning comes, which is longer than that, too.
    """
    parts: list[bytes] = []
    size = 0
    while chunk := await _read(file.fileno()):
        more, *following = chunk.split(b"\n")
        if size <= LINE_BYTES_MAX:
            parts.append(more)
            size += len(more)
        for start in following:
            yield b"".join(parts)
            parts, size = [start], len(start)
    if size:
        yield b"".join(parts)


def _read(descriptor: int) -> asyncio.Future[bytes]:
    """The next bytes there are, none at the end.

    By a daemon thread: one of the event loop's own would keep Ctrl-C waiting for the next line. Around Python's buffer:
    its lock, held by such a thread, would end the interpreter badly.
    """
    answer: Future[bytes] = Future()
    answer.set_running_or_notify_cancel()  # so that nobody's Ctrl-C takes it from the thread

    def read() -> None:
        try:
            answer.set_result(os.read(descriptor, CHUNK_BYTES))
        except OSError as error:
            answer.set_exception(error)

    Thread(target=read, daemon=True).start()
    return asyncio.wrap_future(answer)
