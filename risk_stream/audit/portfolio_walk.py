"""A walk that decides the records of one portfolio alone, up to a moment.

A time is behind every record that the broker had taken by then and before all others, in the order in which the journal
handled them: in a backlog, values, orders and controls from after that time are left out wherever they stand. A place
is as that order found it: behind its step's values and the orders before it, at its step's controls version.
"""

import numpy as np

from risk_stream.audit.controls_log import ControlsLog
from risk_stream.audit.findings import Findings
from risk_stream.audit.journal import Step
from risk_stream.audit.log import PartitionBounds, RecordedLog
from risk_stream.audit.span import Mark
from risk_stream.audit.walk import Walk
from risk_stream.decide.engine import Engine, StepOutput
from risk_stream.messages.records import Records
from risk_stream.rules.plan import Plan


class PortfolioWalk(Walk):
    """Checks the journal as every walk does, and hands an engine of the portfolio what lies before the moment."""

    def __init__(
        self,
        log: RecordedLog,
        bounds: PartitionBounds,
        findings: Findings,
        controls: ControlsLog,
        engine: Engine,
        portfolio: bytes,
        at: Mark,
    ) -> None:
        super().__init__(log, bounds, findings, 1, controls.book.version)
        self.seq = 0
        """The last step of which something lies before the moment, or that of the place."""
        self.is_past = False
        """Whether nothing from before the moment is left to handle."""
        self.is_found = False
        """Whether there is an order at the place."""
        self.decided_later = 0
        """Orders from before the moment that the worker decided behind a value or control from after it."""
        self._book = controls.book
        self._newest = controls.book.version if at.time_ms is None else controls.version_at(at.time_ms)
        self._engine = engine
        self._portfolio = portfolio
        self._at = at
        self._ended = [False, False]  # whether a value, an order from after the moment was met
        self._is_value_left_out = False

    @property
    def controls(self) -> int:
        """The controls version at the moment, whether a step has seen it or not; at a place that of its step."""
        return self.position.controls if self._at.time_ms is None else self._newest

    def plan_of(self, step: Step, _: int) -> Plan:
        """The plan of a step, without controls from after the moment."""
        return self._book.plan(min(step.controls, self._newest))

    def _decided(self, engine: Engine, values: Records, orders: Records, plan: Plan) -> StepOutput:
        counts = self._before(values, orders)
        self._note(values, orders, counts)
        own_values = of_portfolio(values.part(0, counts[0]), self._portfolio)
        own_orders = of_portfolio(orders.part(0, counts[1]), self._portfolio)
        if of_portfolio(values.part(counts[0], values.size), self._portfolio).size:
            self._is_value_left_out = True
        if self._is_value_left_out or self.position.controls > plan.version:
            self.decided_later += own_orders.size
        # Not by the walk's engine, whose portfolios are saved and may leave memory.
        return self._engine.step(own_values, own_orders, plan)

    def _before(self, values: Records, orders: Records) -> tuple[int, int]:
        """How many of a step's values and orders lie before the moment."""
        if self._at.time_ms is None:
            return values.size, orders.below(self._at.offset)
        return taken_by(values, self._at.time_ms), taken_by(orders, self._at.time_ms)

    def _note(self, values: Records, orders: Records, counts: tuple[int, int]) -> None:
        """How far the moment is."""
        self._ended = [self._ended[0] or counts[0] < values.size, self._ended[1] or counts[1] < orders.size]
        self.is_past = all(self._ended)
        if self._at.time_ms is None and self.position.orders > self._at.offset:
            self.is_past = True
            self.is_found = counts[1] < orders.size and int(orders.offsets[counts[1]]) == self._at.offset
        if any(counts) or self.is_found:
            self.seq = self.position.seq


def taken_by(part: Records, time_ms: int) -> int:
    """How many of consecutive records the broker had taken by a time: its timestamps rise with the offset."""
    return int(np.searchsorted(part.timestamps, time_ms, "right"))


def of_portfolio(part: Records, portfolio: bytes) -> Records:
    """The records of one portfolio."""
    return part.chosen(np.array([key == portfolio for key in part.keys.as_list()], np.bool_))
