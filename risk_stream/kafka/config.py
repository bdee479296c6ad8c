"""What the worker's Kafka room needs to know, as one explicit value; durations in seconds unless the name says else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from risk_stream.kafka.connection import Connection
from risk_stream.ops.settings import Settings


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """Settings of one worker process. Names of topics and of the consumer group follow from two of them."""

    connection: Connection
    data_dir: Path
    """Where this worker keeps RocksDB: one worker, one directory."""
    app_id: str = "risk-stream"
    """The consumer group; with the partition it is the transactional id, so it must not change between versions."""
    topic_prefix: str = "risk."
    partitions: int = 4
    replication: int = 1
    """Of the changelog topic, when the worker creates it."""
    instance_id: str | None = None
    """Static member id: a restart takes its partitions back at once, without the session timeout."""
    standby_replicas: int = 0
    session_timeout: float = 10.0
    rebalance_timeout: float = 60.0
    heartbeat_interval: float = 1.0
    operation_timeout: float = 30.0
    """The longest wait for one exchange with the broker (a transaction, a look-up) before the worker stops."""
    transaction_timeout: float = 60.0
    """After this the broker aborts a transaction whose owner vanished. Must be longer than `operation_timeout`."""
    takeover_timeout: float = 60.0
    """The longest silence of the broker while state is rebuilt; rebuilding itself may take as long as it takes."""
    watchdog_timeout: float = 90.0
    """Without progress for so long while there is work, the worker ends itself."""
    snapshot_interval: float = 1.0
    step_records_max: int = 8_000
    """Per input. Only a loaded worker has steps so large: some 40 ms of engine, in parts, and 3 MB of outputs, for one
    transaction of some 20 ms. With 2,000 it waited for its transactions half of the time."""
    buffer_records_max: int = 20_000
    """Per input partition, fetched and waiting: two full steps and more. Reading pauses until there is room."""
    fetch_max_wait_ms: int = 20
    """The longest an order waits to learn that no older value is behind it, when its values are idle."""
    resident_max: int = 10_000
    block_cache_bytes: int = 8 * 1024 * 1024
    """RocksDB block cache of one partition (Faust's default is 2 GiB)."""
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9464
    """Port of /metrics, /livez and /readyz; 0 chooses a free one, -1 turns it off."""
    metadata_max_age: float = 10.0
    """How soon added partitions are noticed (and refused)."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """From the process's settings. Two workers with member ids of their own may share a data directory."""
        own = f"-{settings.group_instance_id}" if settings.group_instance_id else ""
        return cls(
            connection=settings.connection(),
            data_dir=settings.data_dir / f"worker{own}",
            app_id=settings.app_id,
            topic_prefix=settings.topic_prefix,
            partitions=settings.partitions,
            replication=settings.replication_factor,
            instance_id=settings.group_instance_id,
            standby_replicas=settings.standby_replicas,
            session_timeout=settings.session_timeout_s,
            rebalance_timeout=settings.rebalance_timeout_s,
            heartbeat_interval=settings.heartbeat_interval_s,
            operation_timeout=settings.operation_timeout_s,
            transaction_timeout=settings.transaction_timeout_s,
            takeover_timeout=settings.takeover_timeout_s,
            watchdog_timeout=settings.watchdog_timeout_s,
            snapshot_interval=settings.snapshot_interval_s,
            step_records_max=settings.step_records_max,
            buffer_records_max=settings.buffer_records_max,
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            resident_max=settings.resident_max,
            block_cache_bytes=settings.block_cache_bytes,
            metrics_host=settings.metrics_host,
            metrics_port=settings.metrics_port,
        )

    @property
    def servers(self) -> list[str]:
        """The addresses of the cluster, one by one."""
        return [server.strip() for server in self.connection.bootstrap.split(",") if server.strip()]

    def topic(self, name: str) -> str:
        """Full name of a topic of the catalogue: `risk.orders` of `orders`."""
        return self.topic_prefix + name

    def transactional_id(self, partition: int) -> str:
        """The id under which the broker knows the one producer that may write this partition."""
        return f"{self.app_id}-{partition}"
