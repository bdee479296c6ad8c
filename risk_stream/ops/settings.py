"""Every setting there is: what it means, its default, its bounds. load.py reads them; the README's table is made here.

A setting `partitions` is the variable RISK_STREAM_PARTITIONS or the key `partitions` of the TOML file that
RISK_STREAM_CONFIG names; the variable wins.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from risk_stream.kafka.connection import Connection

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0, le=2_147_483)]  # Kafka counts milliseconds in 32 bits
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


class Secret:
    """A text that no repr, log line or error shows."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "'***'"


def default_data_dir() -> Path:
    """`risk-stream` in the user's state folder (XDG_STATE_HOME, else ~/.local/state)."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "risk-stream"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one process. The description of each field is its row in the README."""

    broker: Annotated[str, Meta(description="Kafka's address, `host:port`, several with commas")] = "127.0.0.1:9092"
    app_id: Annotated[
        str,
        Meta(pattern="^[A-Za-z0-9._-]{1,100}$", description="consumer group and, with the partition, transactional id"),
    ] = "risk-stream"
    topic_prefix: Annotated[
        str, Meta(pattern="^[A-Za-z0-9._-]{0,100}$", description="what every topic name begins with")
    ] = "risk."
    partitions: Annotated[Count, Meta(description="partitions of the topics, fixed when they are created")] = 4
    replication_factor: Annotated[Count, Meta(description="copies of each partition, for topics made here")] = 1
    data_dir: Annotated[Path, Meta(description="where RocksDB and the embedded broker keep their files")] = (
        msgspec.field(default_factory=default_data_dir)
    )
    metrics_host: Annotated[str, Meta(description="address of `/metrics`, `/livez`, `/readyz`")] = "127.0.0.1"
    metrics_port: Annotated[
        int, Meta(ge=-1, le=65535, description="port of the same; 0 chooses a free one, -1 turns it off")
    ] = 9464
    resident_max: Annotated[
        Count, Meta(description="portfolios held in memory, per partition; half as many more, and steps wait")
    ] = 10_000
    step_records_max: Annotated[
        Count, Meta(description="records of each input in one transaction, no more than `RESIDENT_MAX`")
    ] = 8_000
    buffer_records_max: Annotated[Count, Meta(description="records fetched and waiting, per input partition")] = 20_000
    snapshot_interval_s: Annotated[Seconds, Meta(description="between snapshots of changed state")] = 1.0
    block_cache_bytes: Annotated[Count, Meta(description="RocksDB's block cache, per partition")] = 8 * 1024 * 1024
    fetch_max_wait_ms: Annotated[Count, Meta(description="how long a fetch may wait for data")] = 20
    group_instance_id: Annotated[
        str | None, Meta(description="static member id: a restart takes its partitions back at once")
    ] = None
    standby_replicas: Annotated[int, Meta(ge=0, description="workers that keep a warm copy of each partition")] = 0
    session_timeout_s: Annotated[Seconds, Meta(description="silence after which a worker loses its partitions")] = 10.0
    heartbeat_interval_s: Annotated[Seconds, Meta(description="between heartbeats, below `SESSION_TIMEOUT_S`")] = 1.0
    rebalance_timeout_s: Annotated[Seconds, Meta(description="the longest a rebalance may take")] = 60.0
    operation_timeout_s: Annotated[Seconds, Meta(description="the longest wait for one answer of the broker")] = 30.0
    transaction_timeout_s: Annotated[
        Seconds, Meta(description="after which the broker aborts a vanished worker's transaction")
    ] = 60.0
    takeover_timeout_s: Annotated[Seconds, Meta(description="the broker's longest silence during recovery")] = 60.0
    watchdog_timeout_s: Annotated[
        Seconds, Meta(description="without progress for so long a worker ends itself; more than `OPERATION_TIMEOUT_S`")
    ] = 90.0
    handlers: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9._,-]*$",
            description="what `risk-stream handlers run` runs ([more](risk_stream/docs/handlers.md)), with commas",
        ),
    ] = "log"
    handlers_metrics_port: Annotated[
        int, Meta(ge=-1, le=65535, description="`METRICS_PORT` of the handlers' process")
    ] = 9465
    handler_calls_max: Annotated[Count, Meta(description="calls of one handler side by side")] = 4
    handler_timeout_s: Annotated[Seconds, Meta(description="the longest one call of a handler may take")] = 10.0
    handler_attempts_max: Annotated[Count, Meta(description="calls for one violation before it is given up")] = 10
    handler_queue_max: Annotated[Count, Meta(description="violations read and waiting, per handler")] = 1_000
    handler_backoff_max_s: Annotated[Seconds, Meta(description="the longest pause before a handler is tried again")] = (
        60.0
    )
    webhook_url: Annotated[Secret | None, Meta(description="where the handler `webhook` posts to; never logged")] = None
    webhook_token: Annotated[Secret | None, Meta(description="its bearer token; never logged")] = None
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Meta(description="the least severe lines to log")
    ] = "INFO"
    log_format: Annotated[Literal["text", "json"], Meta(description="how lines are written to stderr")] = "text"
    security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        Meta(description="SASL_PLAINTEXT only to a broker on loopback"),
    ] = "PLAINTEXT"
    sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], Meta(description="how the password is proved")
    ] = "SCRAM-SHA-512"
    sasl_username: Annotated[str | None, Meta(description="user name for SASL")] = None
    sasl_password: Annotated[Secret | None, Meta(description="password for SASL")] = None
    ssl_ca_file: Annotated[str | None, Meta(description="certificates to trust instead of the system's (PEM)")] = None
    ssl_cert_file: Annotated[str | None, Meta(description="our own certificate (PEM)")] = None
    ssl_key_file: Annotated[str | None, Meta(description="its private key (PEM)")] = None
    ssl_key_password: Annotated[Secret | None, Meta(description="what unlocks the key")] = None

    def topic(self, name: str) -> str:
        """Full name of a topic of the catalogue: `risk.orders` of `orders`."""
        return self.topic_prefix + name

    @property
    def handler_names(self) -> list[str]:
        """The handlers to run, in the order given."""
        return [name for name in self.handlers.split(",") if name]

    def connection(self) -> Connection:
        """How to reach the cluster."""
        return Connection(
            self.broker,
            self.security_protocol,
            self.sasl_mechanism,
            self.sasl_username,
            self.sasl_password.value if self.sasl_password else None,
            self.ssl_ca_file,
            self.ssl_cert_file,
            self.ssl_key_file,
            self.ssl_key_password.value if self.ssl_key_password else None,
        )


def is_loopback(broker: str) -> bool:
    """True when every address of `broker`, each host:port, is this machine."""
    return all(server.strip().rpartition(":")[0] in LOOPBACK_HOSTS for server in broker.split(","))


def settings_table() -> str:
    """The configuration table of the README (a test compares)."""
    rows = ["| variable (without `RISK_STREAM_`) | default | meaning |", "|---|---|---|"]
    for one in msgspec.structs.fields(Settings):
        info = msgspec.inspect.type_info(one.type)
        assert isinstance(info, msgspec.inspect.Metadata), f"{one.name} needs a description"
        meaning = (info.extra_json_schema or {})["description"]
        default = "`~/.local/state/risk-stream`" if one.name == "data_dir" else f"`{one.default}`"
        rows.append(f"| `{one.name.upper()}` | {'' if one.default is None else default} | {meaning} |")
    return "\n".join(rows) + "\n"
