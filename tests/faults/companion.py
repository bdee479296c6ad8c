"""A process of the harness's own beside its loop: it says a line once it is ready, and is told what to do by lines."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from typing import Self

START_SECONDS, END_SECONDS = 60.0, 10.0


class Companion:
    """`python -m MODULE ARGUMENTS`, alive while it is entered."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = (sys.executable, "-m", module, *arguments)
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        assert await self.line(START_SECONDS), f"{self._command} did not start"
        return self

    async def __aexit__(self, *failure: object) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        async with asyncio.timeout(END_SECONDS):
            await self._process.wait()

    def tell(self, line: str) -> None:
        """Send it a line; one that has ended hears nothing."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    async def line(self, seconds: float) -> bytes:
        """Its next line; empty when it has ended."""
        assert self._process is not None and self._process.stdout is not None
        async with asyncio.timeout(seconds):
            return await self._process.stdout.readline()
