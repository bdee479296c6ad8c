"""What the Kafka room expects of the pure core: the engine of a partition and the folded controls, as protocols."""

from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol

from risk_stream.messages.packed import Packed
from risk_stream.messages.records import Records

Row = tuple[bytes, bytes | None]
"""A row of a portfolio's state: key and value; None deletes it."""


class RowSource(Protocol):
    """Saved rows, as the engine reads them back."""

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """The values of these keys, in their order; None for a key without a row."""


class StepOutputPort(Protocol):
    """What one step publishes."""

    @property
    def decisions(self) -> Packed: ...
    @property
    def violations(self) -> Packed: ...
    @property
    def dead_letters(self) -> Packed: ...
    @property
    def portfolio_risk(self) -> Packed: ...
    @property
    def digest(self) -> str: ...
    @property
    def counts(self) -> dict[str, int]: ...


class EnginePort(Protocol):
    """The pure engine of one partition. A plan is whatever `ControlsPort.plan` gave: nobody here looks inside."""

    @property
    def is_crowded(self) -> bool: ...
    def step_parts(self, values: Records, orders: Records, plan: Any) -> Generator[None, None, StepOutputPort]: ...
    def cut_parts(self) -> Iterator[Packed]: ...
    def saved(self) -> None: ...


class ControlsPort(Protocol):
    """The controls log, folded."""

    @property
    def version(self) -> int: ...
    def append(self, offset: int, control: Any) -> None: ...
    def plan(self, version: int | None = None) -> Any: ...


EngineFactory = Callable[[int, int, RowSource], EnginePort]
"""Makes the engine of (partition, of how many, over these saved rows)."""

DecodeControl = Callable[[bytes | None, int], Any]
"""A control, or the Fault that refuses it, from a record's value and timestamp (epoch ms)."""
