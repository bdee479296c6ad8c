"""Why a cluster that is there does not let us in. The client says only that it could not connect: this asks by hand."""

import ssl
from typing import NamedTuple

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from risk_stream.kafka.connection import Connection

TIMEOUT_MS = 5_000


class Refusal(NamedTuple):
    """What a server said to our certificate, password or protocol, and what to do about it. Shows no secret."""

    problem: str
    advice: str


async def refusal(connection: Connection) -> Refusal | None:
    """The first one of the configured servers (up to 5 s each); None where one lets us in, or where nobody answers."""
    for host, port, _ in collect_hosts(connection.bootstrap, randomize=False):
        try:
            await _knock(connection, host, port)
        except (OSError, KafkaError) as error:
            found = _meaning(error, connection, f"{host}:{port}")
            if found:
                return found
        else:
            return None
    return None


async def _knock(connection: Connection, host: str, port: int) -> None:
    options = connection.client_options()
    del options["bootstrap_servers"]
    conn = await create_conn(host, port, request_timeout_ms=TIMEOUT_MS, **options)
    try:
        await conn.send(MetadataRequest([]))  # a server that wants a password shows it only here
    finally:
        conn.close()


def _meaning(error: Exception, connection: Connection, server: str) -> Refusal | None:
    protocol, mechanism = connection.security_protocol, connection.sasl_mechanism
    match error:
        case ssl.SSLCertVerificationError():
            return Refusal(
                f"{server}: its certificate is not trusted: {error.verify_message}",
                "Name the file with the certificate of who issued it in RISK_STREAM_SSL_CA_FILE, and the broker in "
                "RISK_STREAM_BROKER as its certificate does.",
            )
        case SaslAuthenticationFailed():
            reason = error.args[0] if error.args else "no reason given"
            return Refusal(
                f"{server} refuses user {connection.sasl_username}: {reason}",
                "Check RISK_STREAM_SASL_USERNAME, RISK_STREAM_SASL_PASSWORD and RISK_STREAM_SASL_MECHANISM "
                f"(now {mechanism}).",
            )
        case UnsupportedSaslMechanismError():
            return Refusal(
                f"{server} takes no password by {mechanism}", "Set RISK_STREAM_SASL_MECHANISM to one that it offers."
            )
        case ssl.SSLError() | ConnectionResetError() | KafkaConnectionError() | IllegalSaslStateError():
            return Refusal(
                f"{server} answers and hangs up on {protocol}",
                "Perhaps it expects another RISK_STREAM_SECURITY_PROTOCOL (PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL) "
                "on this port, or, with SSL, a certificate of ours (RISK_STREAM_SSL_CERT_FILE, _KEY_FILE).",
            )
    return None
