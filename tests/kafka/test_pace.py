"""Engines take turns, so that the loop is never held up by more than one part of one partition."""

import asyncio
from collections.abc import Generator, Iterator
from itertools import pairwise
from typing import Any

import pytest

from risk_stream.kafka import pace
from risk_stream.messages.packed import Packed, pack
from risk_stream.messages.records import NO_RECORDS

PARTS = 5


class Engine:
    """Notes when it is asked for a part."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self._name, self._asked = name, asked

    def step_parts(self, values: Any, orders: Any, plan: str) -> Generator[None, None, Any]:
        """Some parts, and an output."""
        for _ in range(PARTS):
            self._asked.append(self._name)
            yield
        return f"{self._name} by {plan}"

    def cut_parts(self) -> Iterator[Packed]:
        """As many."""
        for number in range(PARTS):
            self._asked.append(self._name)
            yield pack([(b"%d" % number, None, [])])

    def saved(self) -> None:
        """Nothing to forget."""


def test_one_part_in_a_pass_of_the_loop() -> None:
    """Whatever engine it is of; a task beside them comes round between any two."""
    asked: list[str] = []

    async def others() -> None:
        while True:
            asked.append("other")
            await asyncio.sleep(0)

    async def run() -> None:
        beside = asyncio.create_task(others())
        engines = [Engine(name, asked) for name in "abc"]
        outputs, parts = await asyncio.gather(
            asyncio.gather(*(pace.decide(engine, NO_RECORDS, NO_RECORDS, "plan") for engine in engines)),
            pace.cut(Engine("cut", asked)),
        )
        beside.cancel()
        assert outputs == ["a by plan", "b by plan", "c by plan"]
        assert [part.keys.as_list() for part in parts] == [[b"%d" % number] for number in range(PARTS)]

    asyncio.run(run())
    places = [place for place, name in enumerate(asked) if name != "other"]
    assert len(places) == 4 * PARTS
    assert all(later - earlier > 1 for earlier, later in pairwise(places))


def test_an_error_of_one_does_not_keep_the_turn() -> None:
    """The process ends of it, but not by waiting."""

    class Broken(Engine):
        def step_parts(self, values: Any, orders: Any, plan: str) -> Generator[None, None, Any]:
            yield
            raise ArithmeticError(plan)

    async def run() -> Any:
        with pytest.raises(ArithmeticError):
            await pace.decide(Broken("a", []), NO_RECORDS, NO_RECORDS, "plan")
        return await asyncio.wait_for(pace.decide(Engine("b", []), NO_RECORDS, NO_RECORDS, "plan"), 5)

    assert asyncio.run(run()) == "b by plan"
