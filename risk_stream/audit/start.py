"""Where the replay of a partition begins instead of step 1: with a state that was archived behind a step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from risk_stream.audit.journal import Position
from risk_stream.audit.log import ORDERS, VALUES, PartitionBounds
from risk_stream.audit.manifest import Manifest, StateFile


class StartedFrom(msgspec.Struct, frozen=True):
    """A start as a report names it: the segment the state was archived with, and the last step that is in it."""

    segment: int
    step: int


@dataclass(frozen=True, slots=True)
class Start:
    """An archived state of a partition; can be sent to another process."""

    segment: int
    path: Path
    state: StateFile

    @property
    def position(self) -> Position:
        """What the next step has to continue."""
        state = self.state
        return Position(state.head.seq, state.values, state.orders, state.controls, state.head.chain)

    @property
    def named(self) -> StartedFrom:
        """For a report."""
        return StartedFrom(self.segment, self.state.head.seq)

    def behind(self, bounds: PartitionBounds) -> PartitionBounds:
        """The bounds of what is left to read: from the next step on."""
        state = self.state
        inputs = {VALUES: state.values, ORDERS: state.orders}
        return bounds._replace(
            journal=bounds.journal._replace(first=state.journal),
            inputs={topic: known._replace(first=inputs[topic]) for topic, known in bounds.inputs.items()},
            outputs={topic: known._replace(first=state.outputs[topic]) for topic, known in bounds.outputs.items()},
        )

    def rows(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """What the portfolios remembered, in short lists. LogError when the file cannot be read."""
        # Here, not above: pyarrow takes half a second to import, and a replay of a cluster does not need it.
        from risk_stream.audit.state_rows import read_rows

        return read_rows(self.path)


def newest_start(folder: Path, manifest: Manifest, partition: int, fits: Callable[[StateFile], bool]) -> Start | None:
    """The newest archived state of a partition that fits."""
    for segment in reversed(manifest.segments):
        for state in segment.states:
            if state.head.partition == partition and fits(state):
                return Start(segment.number, folder / state.path, state)
    return None
