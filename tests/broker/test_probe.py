"""Asking for a sign of life over a bare socket."""

import socket
import struct
import threading

import pytest

from risk_stream.broker.probe import free_ports, is_free, is_ready

HOST = "127.0.0.1"


def answer_with(reply: bytes) -> int:
    """A port where one connection gets `reply`, whatever it says, and is closed."""
    server = socket.create_server((HOST, 0))

    def serve() -> None:
        with server:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    port: int = server.getsockname()[1]
    return port


def response(correlation_id: int, brokers: int) -> bytes:
    """The start of a metadata response."""
    return struct.pack(">iii", 8, correlation_id, brokers)


@pytest.mark.parametrize(
    ("reply", "ready"),
    [
        pytest.param(response(1, 1), True, id="one broker"),
        pytest.param(response(1, 0), False, id="no live broker yet"),
        pytest.param(response(2, 1), False, id="another answer"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", False, id="no Kafka"),
        pytest.param(b"\0\0", False, id="cut short"),
        pytest.param(b"", False, id="closed"),
    ],
)
def test_only_a_kafka_with_a_live_broker_is_ready(reply: bytes, ready: bool) -> None:
    """Anything else that listens is not mistaken for one."""
    assert is_ready(HOST, answer_with(reply)) is ready


def test_ports() -> None:
    """Free ports are different and free; a port with a listener is not, and nobody is ready there."""
    one, other = free_ports(HOST, 2)
    assert one != other
    assert is_free(HOST, one)
    assert not is_ready(HOST, one)
    with socket.create_server((HOST, one)):
        assert not is_free(HOST, one)
