"""The engine answers every record as the naive model does: over random streams, and under hypothesis."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.decide.compare import Comparison, compare
from tests.decide.streams import TEMPERS, Stream, StreamStep


@pytest.mark.parametrize("temper", TEMPERS)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_streams(seed: int, temper: str) -> None:
    """Steps of random sizes, with rows saved, portfolios evicted and the engine restarted in between."""
    codes = compare(seed, 700, temper)
    assert codes["OK"] > 0


class EngineAndModel(RuleBasedStateMachine):
    """Hypothesis chooses what happens next; the stream only makes the records."""

    @initialize(seed=st.integers(0, 2**32), temper=st.sampled_from(sorted(TEMPERS)))
    def start(self, seed: int, temper: str) -> None:
        """Both programs from an empty state, a few limits set."""
        self.stream = Stream(seed, temper=temper)
        self.both = Comparison(seed)
        self.controls(4)

    @rule(count=st.integers(1, 4))
    def controls(self, count: int) -> None:
        """Controls, and a step that handles nothing under them."""
        records = [self.stream.record("controls", None, self.stream.control()) for _ in range(count)]
        self.both.step(StreamStep(controls=records))

    @rule(values=st.integers(0, 6), orders=st.integers(0, 6))
    def step(self, values: int, orders: int) -> None:
        """A step of some values, then some orders."""
        self.both.step(
            StreamStep(
                values=[self.stream.value() for _ in range(values)],
                orders=[self.stream.order() for _ in range(orders)],
            )
        )

    @rule()
    def save(self) -> None:
        """Cut and save, which may evict."""
        self.both.rows.save(self.both.engine.cut())
        self.both.engine.saved()

    @rule()
    def restart(self) -> None:
        """A new engine from the saved rows."""
        self.save()
        self.both.engine = self.both.new_engine()


TestEngineAndModel = EngineAndModel.TestCase
TestEngineAndModel.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow],
)
