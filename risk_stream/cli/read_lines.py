"""The lines of a file, a pipe or a terminal as they come; threads read them, so that the event loop never waits."""

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import Future
from threading import Thread
from typing import BinaryIO

CHUNK_BYTES = 64 * 1024  # what a pipe holds


async def read_lines(file: BinaryIO) -> AsyncIterator[bytes]:
    """Each line as soon as its end was read, without its line feed; the last one may have none."""
    rest = b""
    while chunk := await _read(file.fileno()):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
    if rest:
        yield rest


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
