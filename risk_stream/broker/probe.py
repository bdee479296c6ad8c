"""Ask a Kafka whether it is ready, with nothing but a socket: used before anything heavy is imported."""

import socket
import struct

METADATA_KEY, METADATA_VERSION = 3, 1
CORRELATION_ID = 1
RESPONSE_BYTES_MAX = 1 << 20


def is_ready(host: str, port: int, timeout_s: float = 1.0) -> bool:
    """True when the broker answers a metadata request and counts at least one live broker, itself."""
    client = b"risk-stream-probe"
    # Header (key, version, correlation id, client id), then an empty list of topics.
    body = struct.pack(f">hhih{len(client)}si", METADATA_KEY, METADATA_VERSION, CORRELATION_ID, len(client), client, 0)
    try:
        with socket.create_connection((host, port), timeout_s) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            (size,) = struct.unpack(">i", _read(connection, 4))
            if not 8 <= size <= RESPONSE_BYTES_MAX:
                return False
            correlation_id, brokers = struct.unpack_from(">ii", _read(connection, size))
    except (OSError, EOFError):
        return False
    return bool(correlation_id == CORRELATION_ID and brokers > 0)


def is_free(host: str, port: int) -> bool:
    """True when a server could listen on `port` now."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(host: str, count: int) -> list[int]:
    """So many different ports that were free a moment ago (nobody can promise more)."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((host, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _read(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
