"""What is asked of a coordinator is asked until it answers, and what it will not do ends in words."""

import asyncio
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient

from risk_stream.kafka import coordinator
from risk_stream.kafka.coordinator import Transaction
from risk_stream.kafka.failstop import Doubt
from tests.kafka.answers import Client

OK, UNKNOWN_TOPIC, TIMED_OUT, LOADING, NOT_AVAILABLE, NOT_COORDINATOR = 0, 3, 7, 14, 15, 16
TOPIC_FORBIDDEN, GROUP_FORBIDDEN = 29, 30
OTHER_EPOCH, WRONG_STATE, WRONG_ID, BUSY, ID_FORBIDDEN, NOT_ATTEMPTED, UNKNOWN_ID = 47, 48, 49, 51, 53, 55, 59


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits."""
    monkeypatch.setattr(coordinator, "LOST_PAUSE_S", 0.0)
    monkeypatch.setattr(coordinator, "BUSY_PAUSE_S", 0.0)


def transaction(client: Client) -> Transaction:
    """One that is not started."""
    return Transaction(cast(AIOKafkaClient, client), "app-0", "app", 60.0)


def identity(producer_id: int = 7, epoch: int = 3, code: int = OK) -> Any:
    """The answer to InitProducerId."""
    return lambda sent: (0, code, producer_id, epoch)


def code(number: int) -> Any:
    """An answer of one code."""
    return lambda sent: (0, number)


def each(**codes: int) -> Any:
    """A code for each topic."""
    return lambda sent: (0, [(topic, [(0, number)]) for topic, number in codes.items()])


PARTITIONS = [TopicPartition("a", 0), TopicPartition("b", 0)]


def test_a_whole_transaction() -> None:
    """Every request tells who asks; offsets go to the coordinator of the group."""
    client = Client(identity(), each(a=OK, b=OK), code(OK), each(orders=OK), code(OK))

    async def body() -> None:
        one = transaction(client)
        assert await one.start() == (7, 3)
        await one.add(PARTITIONS)
        await one.move({TopicPartition("orders", 0): 42})
        await one.end(commit=True)

    asyncio.run(body())
    names = [(node, name) for node, name, _ in client.asked]
    assert names == [(1, "InitProducerId"), (1, "AddPartitionsToTxn"), (1, "AddOffsetsToTxn"), (2, "TxnOffsetCommit"),
                     (1, "EndTxn")]  # fmt: skip
    _, add, offsets, commit, end = client.sent
    assert (add.producer_id, add.producer_epoch, add.topics) == (7, 3, [("a", [0]), ("b", [0])])
    assert (offsets.producer_id, offsets.producer_epoch, offsets.group_id) == (7, 3, "app")
    assert (commit.producer_id, commit.group_id, commit.topics) == (7, "app", [("orders", [(0, 42, "")])])
    assert (end.producer_epoch, end.transaction_result) == (3, True)


@pytest.mark.parametrize("busy", [BUSY, LOADING, UNKNOWN_TOPIC])
def test_a_busy_coordinator_is_asked_again(busy: int) -> None:
    """The same one."""
    client = Client(identity(), each(a=OK, b=busy), each(a=busy, b=busy), each(a=OK, b=OK))

    async def body() -> None:
        one = transaction(client)
        await one.start()
        await one.add(PARTITIONS)

    asyncio.run(body())
    assert [node for node, _, _ in client.asked] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "answer",
    [
        code(NOT_COORDINATOR),
        code(NOT_AVAILABLE),
        kafka.NodeNotReadyError(),
        kafka.RequestTimedOutError(),
        kafka.KafkaConnectionError(),
    ],
)
def test_a_coordinator_that_is_gone_is_looked_up(answer: Any) -> None:
    """And asked the same: ending a transaction twice is ending it once."""
    client = Client(identity(), answer, code(OK))

    async def body() -> None:
        one = transaction(client)
        await one.start()
        await one.end(commit=True)

    asyncio.run(body())
    assert [node for node, _, _ in client.asked] == [1, 1, 2]
    assert client.updates == 1


@pytest.mark.parametrize(
    ("number", "words"),
    [(OTHER_EPOCH, "fenced: another worker"), (WRONG_STATE, "over before it was whole"),
     (WRONG_ID, "no longer knows this producer"), (UNKNOWN_ID, "over before"),
     (ID_FORBIDDEN, "app-0: the broker does not let")],
)  # fmt: skip
def test_a_refusal_is_a_doubt(number: int, words: str) -> None:
    """Nothing of the kind is asked again."""
    client = Client(identity(), code(number))

    async def body() -> None:
        one = transaction(client)
        await one.start()
        with pytest.raises(Doubt, match=words):
            await one.end(commit=True)

    asyncio.run(body())
    assert not client.answers


def test_a_forbidden_topic_is_named() -> None:
    """The broker does not look at the others then."""
    client = Client(identity(), each(a=NOT_ATTEMPTED, b=TOPIC_FORBIDDEN))

    async def body() -> None:
        one = transaction(client)
        await one.start()
        with pytest.raises(Doubt, match=r"^b: the broker does not let this user"):
            await one.add(PARTITIONS)

    asyncio.run(body())


def test_a_forbidden_group_is_named() -> None:
    """By its own name."""
    client = Client(identity(), code(GROUP_FORBIDDEN))

    async def body() -> None:
        one = transaction(client)
        await one.start()
        with pytest.raises(Doubt, match=r"^app: the broker does not let this user"):
            await one.move({TopicPartition("orders", 0): 42})

    asyncio.run(body())


def test_what_nobody_knows_is_raised() -> None:
    """An error of which asking again is no mend."""
    client = Client(identity(code=-1))

    async def body() -> None:
        with pytest.raises(kafka.UnknownError):
            await transaction(client).start()

    asyncio.run(body())
