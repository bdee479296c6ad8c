"""The circuit breaker: closed, open, half open, and how long."""

from risk_stream.handlers.breaker import PROBE_POLL_S, Breaker, BreakerState


class Clock:
    """Goes on when told."""

    now = 100.0

    def __call__(self) -> float:
        """The time, seconds."""
        return self.now


def opened(failures_max: int = 3, backoff_max_s: float = 60.0) -> tuple[Breaker, Clock]:
    """One that has just opened."""
    clock = Clock()
    breaker = Breaker(failures_max, 1.0, backoff_max_s, clock)
    for _ in range(failures_max):
        assert breaker.admit() == 0.0
        breaker.failed()
    return breaker, clock


def test_only_failures_in_a_row_open_it() -> None:
    """A success in between starts the count again."""
    breaker = Breaker(3, 1.0, 60.0, Clock())
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED


def test_open_admits_nobody_until_the_pause_is_over() -> None:
    """It says how long to wait; then one probe goes, and the others wait for it."""
    breaker, clock = opened()
    assert breaker.admit() == 1.0
    clock.now += 1.0
    assert breaker.admit() == 0.0
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.admit() == PROBE_POLL_S


def test_failed_probes_double_the_pause_up_to_its_bound() -> None:
    """1, 2, 4, 5, 5 seconds; a success starts again at 1."""
    breaker, clock = opened(backoff_max_s=5.0)
    pauses = []
    for _ in range(5):
        pauses.append(breaker.admit())
        clock.now += pauses[-1]
        assert breaker.admit() == 0.0
        breaker.failed()
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0]
    clock.now += 5.0
    assert breaker.admit() == 0.0
    breaker.succeeded()
    assert (breaker.state, breaker.pause_s) == (BreakerState.CLOSED, 1.0)


def test_failures_of_calls_on_their_way_do_not_prolong_it() -> None:
    """Four calls that fail together are one reason to pause, not four."""
    breaker, _ = opened()
    breaker.failed()
    breaker.failed()
    assert breaker.admit() == 1.0


def test_a_withdrawn_probe_leaves_its_place_to_another() -> None:
    """When the prober is stopped, the next asker probes at once."""
    breaker, clock = opened()
    clock.now += 1.0
    assert breaker.admit() == 0.0
    breaker.withdrawn()
    assert breaker.admit() == 0.0
    assert breaker.state is BreakerState.HALF_OPEN
