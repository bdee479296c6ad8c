"""A web server of the test's own that takes violations, or answers what it is told to."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Posted:
    """One request."""

    body: bytes
    headers: dict[str, str]


@dataclass
class Receiver:
    """What came, and what is answered next; 200 when nothing is said."""

    url: str = ""
    posted: list[Posted] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """A POST."""
        status = self.answers.pop(0) if self.answers else 200
        self.posted.append(Posted(await request.read(), dict(request.headers)))
        return web.Response(status=status, headers={"Location": self.url + "/elsewhere"} if status == 302 else None)

    @property
    def ids(self) -> list[str]:
        """The `ce-id`s of what came."""
        return [one.headers["ce-id"] for one in self.posted]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """In a thread of its own, on a port of its own."""
    made = Receiver()
    loop = asyncio.new_event_loop()
    up, down = threading.Event(), asyncio.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/{tail:.*}", made.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        up.set()
        await down.wait()
        await runner.cleanup()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert up.wait(10)
        yield made
    finally:
        loop.call_soon_threadsafe(down.set)
        thread.join(10)
