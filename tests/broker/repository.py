"""A Maven repository on loopback that counts what is asked of it, with three small jars."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from risk_stream.broker.lock import Jar

CONTENTS = {name: f"bytes of {name}".encode() * 1000 for name in ("kafka_2.13", "kafka-clients", "slf4j-api")}
JARS = tuple(Jar("org.example", name, "4.2.2", hashlib.sha256(data).hexdigest()) for name, data in CONTENTS.items())


class Repository(ThreadingHTTPServer):
    """Serves `files` (path to bytes), anything else is 404."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {f"/{jar.path}": CONTENTS[jar.artifact] for jar in JARS}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def jars_asked(self) -> list[str]:
        """The jars asked for, without the checksum files beside them."""
        return [path for path in self.asked if path.endswith(".jar")]


class Handler(BaseHTTPRequestHandler):
    """Answers GET."""

    server: Repository

    def do_GET(self) -> None:
        """The file, or 404."""
        self.server.asked.append(self.path)
        data = self.server.files.get(self.path)
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Repository]:
    """A repository that is up."""
    with Repository() as repository:
        thread = threading.Thread(target=repository.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield repository
        finally:
            repository.shutdown()
            thread.join()
