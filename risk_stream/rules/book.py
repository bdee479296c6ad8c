"""The controls log of a process, and the plan of any of its versions."""

from collections import OrderedDict

from risk_stream.messages.control import Control
from risk_stream.messages.fault import Fault
from risk_stream.rules.compile import compile_plan
from risk_stream.rules.fold import Fold
from risk_stream.rules.plan import Plan

PLANS_KEPT_MAX = 64
"""Plans of recent or replayed versions kept; one of 1,000 limits is about 300 KB."""


class Controls:
    """The log read so far. Append in offset order; ask for the newest plan, or for an earlier one during a replay.

    A version is an offset. `plan` folds forward from the last version asked for; going back starts from the beginning,
    O(records). All records are kept: they are people's decisions, a few hundred bytes each.
    """

    def __init__(self) -> None:
        self._log: list[tuple[int, Control | None]] = []
        self._head = Fold()
        self._replay, self._replayed = Fold(), 0
        self._plans: OrderedDict[int, Plan] = OrderedDict()

    @property
    def version(self) -> int:
        """Offset of the last record read, -1 before the first."""
        return self._head.version

    def append(self, offset: int, control: Control | Fault) -> None:
        """Take in the next record; a refused one only moves the version. Raises ValueError when offsets do not rise."""
        if offset <= self.version:
            raise ValueError(f"controls offset {offset} after {self.version}")
        kept = None if isinstance(control, Fault) else control
        self._log.append((offset, kept))
        self._head.apply(offset, kept)

    def plan(self, version: int | None = None) -> Plan:
        """The plan at a version that was read; the newest by default. Raises ValueError for one that was not."""
        wanted = self.version if version is None else version
        if wanted > self.version:
            raise ValueError(f"controls version {wanted} is not read yet, only up to {self.version}")
        plan = self._plans.get(wanted)
        if plan is None:
            fold = self._head if wanted == self.version else self._fold_to(wanted)
            plan = compile_plan(fold)._replace(version=wanted)
            plan.arrays.header[0] = wanted
            self._plans[wanted] = plan
            if len(self._plans) > PLANS_KEPT_MAX:
                self._plans.popitem(last=False)
        return plan

    def _fold_to(self, version: int) -> Fold:
        if version < self._replay.version:
            self._replay, self._replayed = Fold(), 0
        while self._replayed < len(self._log) and self._log[self._replayed][0] <= version:
            self._replay.apply(*self._log[self._replayed])
            self._replayed += 1
        return self._replay
