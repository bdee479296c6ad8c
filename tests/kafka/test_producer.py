"""What is written and what goes on beside it: all of a transaction or an error, and nothing is left running."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.producer import PartitionProducer, Write
from risk_stream.messages.packed import pack

LIMIT_S = 0.05
LONG_S = 20.0
"""Where nothing hangs: compiled code may have to be loaded first."""
OFFSETS: dict[Any, int] = {"orders": 7}
WRITES = [Write("decisions", pack([(b"a", b"b", [])]))]

Part = Callable[..., Awaitable[Any]]


async def done(*_: Any) -> dict[str, int]:
    """At once, at offset 5."""
    return {"decisions": 5}


async def hangs(*_: Any) -> None:
    """No answer."""
    await asyncio.sleep(60)


async def fenced(*_: Any) -> None:
    """Another owner."""
    raise Doubt("fenced")


class Stub:
    """Answers by one function, and keeps what else is asked for."""

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)


def producer(send: Part, move: Part, seen: Part, ended: list[bool]) -> PartitionProducer:
    """Its own code over stubs."""

    async def end(commit: bool) -> None:
        ended.append(commit)

    one = PartitionProducer.__new__(PartitionProducer)
    own: dict[str, Any] = {
        "_partition": 0,
        "_timeout": LIMIT_S if hangs in (send, move, seen) else LONG_S,
        "_begun": None,
        "_transaction": Stub(add=done, move=move, end=end),
        "_leaders": Stub(send=send, unanswered=set()),
        "_last": Stub(seen=seen, open={}),
    }
    one.__dict__.update(own)
    return one


@pytest.mark.parametrize(
    ("send", "move", "seen", "told"),
    [
        (done, done, done, None),
        (fenced, hangs, hangs, "fenced"),
        (done, fenced, done, "fenced"),
        (hangs, fenced, done, "fenced"),
        (hangs, done, fenced, "fenced"),
        (done, done, hangs, "no answer"),
        (hangs, hangs, hangs, "no answer"),
        (done, fenced, fenced, "fenced"),
    ],
)
def test_all_of_it_or_the_reason_why_not(send: Part, move: Part, seen: Part, told: str | None) -> None:
    """Committed when all parts are behind, and never else; what went on beside ends with it, and its error is told."""
    ended: list[bool] = []
    passed: list[str] = []

    async def transact() -> None:
        complained: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complained.append(context))
        work = producer(send, move, seen, ended).transact(WRITES, OFFSETS, passed.append)
        if told is None:
            assert await work == {"decisions": 5}
        else:
            with pytest.raises(Doubt, match=told):
                await work
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not complained

    asyncio.run(transact())
    assert ended == ([True] if told is None else [])
    assert ("commit" in passed) == (told is None)


def test_offsets_are_told_of_when_they_move() -> None:
    """Not with every step."""
    for offsets, parts in (({}, ["begin", "produce", "commit"]), (OFFSETS, ["begin", "produce", "offsets", "commit"])):
        passed: list[str] = []
        asyncio.run(producer(done, done, done, []).transact(WRITES, offsets, passed.append))
        assert passed == parts
