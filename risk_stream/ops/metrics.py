"""Prometheus metrics of the worker: base units, no ids of orders or portfolios as labels."""

from collections.abc import Mapping
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS_BUCKETS = (
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
RECORDS_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)


class WorkerMetrics:
    """All of them, on a registry of their own so that several workers may live in one test process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._outcomes = Counter(
            "risk_stream_outcomes",
            "What the engine counted: decisions by code, ignored records",
            ["outcome"],
            registry=registry,
        )
        self._records = Counter("risk_stream_records", "Input records handled and committed", registry=registry)
        self._steps = Counter("risk_stream_steps", "Steps committed", ["partition"], registry=registry)
        self._step_records = Histogram(
            "risk_stream_step_records", "Input records in a step", buckets=RECORDS_BUCKETS, registry=registry
        )
        self._step_seconds = Histogram(
            "risk_stream_step_seconds",
            "From taking a step's records to its commit",
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        self._engine_seconds = Histogram(
            "risk_stream_engine_seconds", "Computing a step", buckets=SECONDS_BUCKETS, registry=registry
        )
        self._snapshot_seconds = Histogram(
            "risk_stream_snapshot_seconds", "Writing a snapshot", buckets=SECONDS_BUCKETS, registry=registry
        )
        self._snapshot_rows = Counter("risk_stream_snapshot_rows", "Rows saved by snapshots", registry=registry)
        self._takeover_seconds = Gauge(
            "risk_stream_takeover_seconds",
            "How long the last take-over of a partition took",
            ["partition"],
            registry=registry,
        )
        self._waiting = Gauge(
            "risk_stream_waiting_records",
            "Records fetched and not yet handled",
            ["input", "partition"],
            registry=registry,
        )
        self._owned = Gauge("risk_stream_owned_partitions", "Partitions this worker decides", registry=registry)
        self._controls = Gauge("risk_stream_controls_version", "Offset of the last control read", registry=registry)
        self._loop_lag = Histogram(
            "risk_stream_loop_lag_seconds", "How late the event loop wakes", buckets=SECONDS_BUCKETS, registry=registry
        )

        # A label's own counter is looked up under a lock; steps come a thousand a second.
        self._steps_of = cache(lambda partition: self._steps.labels(str(partition)))
        self._outcomes_of = cache(self._outcomes.labels)

    def step(self, partition: int, records: int, seconds: float, counts: Mapping[str, int]) -> None:
        """A step was committed."""
        self._steps_of(partition).inc()
        self._records.inc(records)
        self._step_records.observe(records)
        self._step_seconds.observe(seconds)
        for outcome, count in counts.items():
            if count:
                self._outcomes_of(outcome).inc(count)

    def engine(self, seconds: float) -> None:
        """A step was computed."""
        self._engine_seconds.observe(seconds)

    def snapshot(self, rows: int, seconds: float) -> None:
        """A snapshot was saved."""
        self._snapshot_rows.inc(rows)
        self._snapshot_seconds.observe(seconds)

    def takeover(self, partition: int, seconds: float) -> None:
        """A partition was taken over."""
        self._takeover_seconds.labels(str(partition)).set(seconds)

    def waiting(self, partition: int, values: int, orders: int) -> None:
        """How full the buffers of a partition are."""
        self._waiting.labels("portfolio-values", str(partition)).set(values)
        self._waiting.labels("orders", str(partition)).set(orders)

    def owned(self, partitions: int) -> None:
        """How many partitions are decided here."""
        self._owned.set(partitions)

    def controls_version(self, version: int) -> None:
        """The controls version read."""
        self._controls.set(version)

    def loop_lag(self, seconds: float) -> None:
        """The event loop woke so much later than asked."""
        self._loop_lag.observe(seconds)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
