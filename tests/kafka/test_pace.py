"""An engine does one thing at a time, wherever it is computed, and the loop goes on meanwhile."""

import asyncio
import threading
from collections.abc import Coroutine, Generator, Iterator
from itertools import pairwise
from typing import Any

import pytest

from risk_stream.kafka.pace import APART_BYTES_MIN, APART_RECORDS_MIN, CUT_APART_RECORDS_MIN, PacedEngine
from risk_stream.messages.packed import Packed, pack
from risk_stream.messages.records import NO_RECORDS, Records, records_from

PARTS = 5
TIMEOUT_S = 20.0


def records(count: int) -> Records:
    """So many records of nothing."""
    return records_from(list(range(count)), [0] * count, [b""] * count, [b""] * count)


MANY = records(APART_RECORDS_MIN)
UNCUT = records(CUT_APART_RECORDS_MIN)
LONG = records_from([0], [0], [b""], [bytes(APART_BYTES_MIN)])


class Engine:
    """Notes when and where it is asked, and waits for the loop when told to."""

    is_crowded = False

    def __init__(self, name: str = "", asked: list[str] | None = None) -> None:
        self.name, self.asked = name, [] if asked is None else asked
        self.threads: set[str] = set()
        self.go_on = threading.Event()
        self.go_on.set()
        self._inside = threading.Lock()

    def work(self, what: str) -> None:
        """Whatever it is asked for: never two things at once."""
        assert self._inside.acquire(blocking=False), "asked for two things at once"
        self.asked.append(what)
        self.threads.add(threading.current_thread().name.partition("_")[0])
        assert self.go_on.wait(TIMEOUT_S), "the loop did not go on"
        self._inside.release()

    def step_parts(self, values: Any, orders: Any, plan: str) -> Generator[None, None, Any]:
        """Some parts, and an output."""
        for _ in range(PARTS):
            self.work(self.name)
            yield
        return f"{self.name} by {plan}"

    def cut_parts(self) -> Iterator[Packed]:
        """As many."""
        for number in range(PARTS):
            self.work("cut")
            yield pack([(b"%d" % number, None, [])])

    def saved(self) -> None:
        """Notes it."""
        self.work("saved")


def run(work: Coroutine[Any, Any, None]) -> None:
    """In a loop, and not for ever."""
    asyncio.run(asyncio.wait_for(work, TIMEOUT_S))


async def others(asked: list[str]) -> None:
    """A task beside the engines, noted in every pass of the loop."""
    while True:
        asked.append("other")
        await asyncio.sleep(0)


def test_one_small_step_in_a_pass_of_the_loop() -> None:
    """They are computed in the loop, in one go; a task beside them comes round between any two."""
    asked: list[str] = []

    async def steps() -> None:
        beside = asyncio.create_task(others(asked))
        engines = [Engine(name, asked) for name in "abc"]
        decided = (PacedEngine(engine).decide(NO_RECORDS, records(2), "plan") for engine in engines)
        assert [str(output) for output in await asyncio.gather(*decided)] == ["a by plan", "b by plan", "c by plan"]
        beside.cancel()
        assert all(engine.threads == {"MainThread"} for engine in engines)

    run(steps())
    places = [place for place, name in enumerate(asked) if name != "other"]
    assert len(places) == 3 * PARTS
    gaps = [later - earlier for earlier, later in pairwise(places)]
    assert [number for number, gap in enumerate(gaps, 1) if gap > 1] == [PARTS, 2 * PARTS]


def test_what_follows_a_small_step_waits_for_nobody() -> None:
    """Its output is there in the same pass of the loop, before a task beside it comes round."""
    asked: list[str] = []

    async def steps() -> None:
        beside = asyncio.create_task(others(asked))
        engine = PacedEngine(Engine("a", asked))
        for _ in range(2):
            await asyncio.sleep(0)
            await engine.decide(NO_RECORDS, records(2), "plan")
            asked.append("output")
        beside.cancel()

    run(steps())
    outputs = [place for place, name in enumerate(asked) if name == "output"]
    assert [asked[place - PARTS : place] for place in outputs] == 2 * [PARTS * ["a"]]


@pytest.mark.parametrize(("values", "orders"), [(NO_RECORDS, UNCUT), (LONG, NO_RECORDS)], ids=["many", "long"])
def test_the_loop_goes_on_beside_a_large_step(values: Records, orders: Records) -> None:
    """And beside a cut; both have every part, in order."""

    async def large() -> None:
        engine = Engine("a")
        paced = PacedEngine(engine)
        engine.go_on.clear()
        step = asyncio.create_task(paced.decide(values, orders, "plan"))
        while not engine.asked:
            await asyncio.sleep(0)
        engine.go_on.set()
        assert str(await step) == "a by plan"
        assert engine.asked == PARTS * ["a"]
        assert (await paced.cut()).keys.as_list() == [b"%d" % number for number in range(PARTS)]
        assert engine.threads == {"engine"}
        engine.threads.clear()
        await paced.cut()  # of nothing since
        assert engine.threads == {"MainThread"}

    run(large())


def test_an_engine_does_one_thing_at_a_time() -> None:
    """What was stored is told between two parts of a step, wherever the step is computed."""

    async def beside(orders: Records) -> None:
        engine = Engine("a")
        paced = PacedEngine(engine)
        telling = [paced.saved() for _ in range(PARTS)]
        await asyncio.gather(paced.decide(NO_RECORDS, orders, "plan"), *telling)
        assert sorted(engine.asked) == PARTS * ["a"] + PARTS * ["saved"]

    run(beside(MANY))
    run(beside(records(2)))


def test_engines_work_side_by_side() -> None:
    """One that takes long does not keep another waiting."""

    async def both() -> None:
        slow, quick = Engine("slow"), Engine("quick")
        slow.go_on.clear()
        waiting = asyncio.create_task(PacedEngine(slow).decide(NO_RECORDS, MANY, "plan"))
        while not slow.asked:
            await asyncio.sleep(0)
        assert str(await PacedEngine(quick).decide(NO_RECORDS, records(2), "plan")) == "quick by plan"
        slow.go_on.set()
        assert str(await waiting) == "slow by plan"

    run(both())


def test_a_cancelled_step_ends_when_its_thread_does() -> None:
    """However often it is cancelled: the engine and its store are in use until then."""

    async def cancelled() -> None:
        engine = Engine("a")
        engine.go_on.clear()
        step = asyncio.create_task(PacedEngine(engine).decide(NO_RECORDS, MANY, "plan"))
        while not engine.asked:
            await asyncio.sleep(0)
        for _ in range(3):
            step.cancel()
            await asyncio.sleep(0.01)
            assert not step.done()
        engine.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await step
        assert engine.asked == ["a"]

    run(cancelled())


def test_an_error_counts_more_than_a_cancellation() -> None:
    """A take-over that is cancelled while its engine finds that something cannot be right."""

    class Broken(Engine):
        def work(self, what: str) -> None:
            super().work(what)
            raise ArithmeticError(what)

    async def cancelled() -> None:
        engine = Broken("a")
        engine.go_on.clear()
        step = asyncio.create_task(PacedEngine(engine).decide(NO_RECORDS, MANY, "plan"))
        while not engine.asked:
            await asyncio.sleep(0)
        step.cancel()
        await asyncio.sleep(0.01)
        engine.go_on.set()
        with pytest.raises(ArithmeticError):
            await step

    run(cancelled())


@pytest.mark.parametrize("orders", [MANY, records(2)], ids=["thread", "loop"])
def test_an_error_does_not_keep_the_turn(orders: Records) -> None:
    """The process ends of it, but not by waiting."""

    class Broken(Engine):
        def step_parts(self, values: Any, orders: Any, plan: str) -> Generator[None, None, Any]:
            yield
            raise ArithmeticError(plan)

    async def broken() -> None:
        paced = PacedEngine(Broken())
        with pytest.raises(ArithmeticError):
            await paced.decide(NO_RECORDS, orders, "plan")
        await paced.saved()
        assert str(await PacedEngine(Engine("b")).decide(NO_RECORDS, orders, "plan")) == "b by plan"

    run(broken())
