"""Prometheus metrics of the handlers' process; `handler` is a name of RISK_STREAM_HANDLERS."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from risk_stream.handlers.breaker import BreakerState
from risk_stream.ops.metrics import SECONDS_BUCKETS

OUTCOMES = ("delivered", "failed", "unreadable")
ATTEMPTS = ("ok", "error", "timeout", "stuck")


class HandlerMetrics:
    """All of them, on a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._violations = Counter(
            "risk_stream_handler_violations",
            "Violations dealt with: delivered, failed (given up) or unreadable",
            ["handler", "outcome"],
            registry=registry,
        )
        self._attempts = Counter(
            "risk_stream_handler_attempts", "Calls, by how they ended", ["handler", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "risk_stream_handler_call_seconds", "One call", ["handler"], buckets=SECONDS_BUCKETS, registry=registry
        )
        self._breaker = Gauge(
            "risk_stream_handler_breaker", "0 closed, 1 half open, 2 open", ["handler"], registry=registry
        )
        self._waiting = Gauge(
            "risk_stream_handler_waiting", "Violations read and not yet dealt with", ["handler"], registry=registry
        )
        self._lag = Gauge(
            "risk_stream_handler_lag_records",
            "Offsets between what was read and the end of the topic",
            ["handler"],
            registry=registry,
        )

    def expect(self, handler: str) -> None:
        """Show this handler's counters from the start, at 0: an alert on a rate needs them."""
        for outcome in OUTCOMES:
            self._violations.labels(handler, outcome)
        for outcome in ATTEMPTS:
            self._attempts.labels(handler, outcome)
        self.breaker(handler, BreakerState.CLOSED)

    def violation(self, handler: str, outcome: str) -> None:
        """One was dealt with."""
        self._violations.labels(handler, outcome).inc()

    def attempt(self, handler: str, outcome: str, seconds: float) -> None:
        """A call ended."""
        self._attempts.labels(handler, outcome).inc()
        self._seconds.labels(handler).observe(seconds)

    def breaker(self, handler: str, state: BreakerState) -> None:
        """The breaker is in this state."""
        self._breaker.labels(handler).set(state)

    def backlog(self, handler: str, waiting: int, lag: int) -> None:
        """How much is read and not done, and not read."""
        self._waiting.labels(handler).set(waiting)
        self._lag.labels(handler).set(lag)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
