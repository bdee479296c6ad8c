"""The recorded decisions of a partition, asked for order by order. What is damaged hides no more than itself."""

from collections.abc import AsyncIterator, Sequence

from risk_stream.audit.identity import identifiers
from risk_stream.audit.judged import Judged, read_decision
from risk_stream.audit.log import DECISIONS, ORDERS, PartitionBounds, RecordedLog

LOOKAHEAD = 1_000
"""Decisions of later orders held at most while one is looked for: so many may be out of place together."""


class RecordedDecisions:
    """Reads forward only. The first decision of an order is the one it had."""

    def __init__(self, log: RecordedLog, bounds: PartitionBounds) -> None:
        self._decisions = _decisions(log, bounds)
        self._ahead: dict[int, Judged] = {}

    async def of(self, orders: Sequence[int]) -> dict[int, Judged]:
        """Those of these orders (offsets, rising, also from call to call) that are there."""
        found: dict[int, Judged] = {}
        if self._ahead and orders:  # what answers an order that was not asked for takes no room
            self._ahead = {offset: judged for offset, judged in self._ahead.items() if offset >= orders[0]}
        for offset in orders:
            if offset not in self._ahead:
                await self._read_to(offset)
            if offset in self._ahead:
                found[offset] = self._ahead.pop(offset)
        return found

    async def _read_to(self, offset: int) -> None:
        """Until the order's decision is read, or so many of later orders that it is not there."""
        if len(self._ahead) == LOOKAHEAD:
            return
        async for judged in self._decisions:
            if judged.offset >= offset:
                self._ahead.setdefault(judged.offset, judged)
            if judged.offset == offset or len(self._ahead) == LOOKAHEAD:
                return


async def _decisions(log: RecordedLog, bounds: PartitionBounds) -> AsyncIterator[Judged]:
    """Every record that is the decision of an order there can be."""
    kept, orders_end = bounds.outputs[DECISIONS], bounds.inputs[ORDERS].end
    identify = identifiers(bounds.partition, log.prefix)[DECISIONS]
    async for part in log.records(DECISIONS, bounds.partition, kept.first, kept.end):
        for value in part.packed.values.as_list():
            identity, judged = identify(value, None), read_decision(value)
            place = identity.place if identity is not None else None
            if judged is not None and place is not None and place.offset < orders_end:
                yield judged
