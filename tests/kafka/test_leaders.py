"""Batches are sent to whoever leads, again with the same sequence number, until each is acknowledged once."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient
from aiokafka.record.default_records import DefaultRecordBatch

from risk_stream.kafka import leaders as leaders_module
from risk_stream.kafka.coordinator import ProducerIdentity
from risk_stream.kafka.failstop import Doubt
from risk_stream.kafka.leaders import SEQUENCES, Leaders
from risk_stream.kafka.record_batch import RecordBatch, batches_of
from risk_stream.messages.packed import pack
from tests.kafka.answers import Client

NOT_LEADER, TOO_LARGE, FEW_REPLICAS, TOPIC_FORBIDDEN, REPEATED, OTHER_EPOCH, WRONG_STATE, CORRUPT = (
    6, 10, 19, 29, 46, 47, 48, 2,
)  # fmt: skip


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits."""
    monkeypatch.setattr(leaders_module, "LOST_PAUSE_S", 0.0)
    monkeypatch.setattr(leaders_module, "AGAIN_PAUSE_S", 0.0)


def led_by(**leaders: int) -> Callable[..., tuple[Client, Leaders]]:
    """A client with these leaders, and what is tested over it."""

    def make(*answers: Any) -> tuple[Client, Leaders]:
        client = Client(*answers)
        client.leaders = leaders
        tested = Leaders(cast(AIOKafkaClient, client), 5, "app-5", 30.0)
        tested.sent_by(ProducerIdentity(7, 3))
        return client, tested

    return make


def batch(count: int) -> RecordBatch:
    """So many records."""
    (made,) = batches_of(pack([(b"k", b"%d" % number, []) for number in range(count)]), 0, 100_000)
    return made


def placed(**answers: tuple[int, int]) -> Any:
    """Code and offset of each topic."""
    return lambda sent: ([(topic, [(5, code, offset, -1, 0)]) for topic, (code, offset) in answers.items()], 0)


def sequence_of(data: bytes) -> int:
    """The number that a batch carries."""
    return int(DefaultRecordBatch(data).base_sequence)


def test_one_request_for_topics_of_one_leader() -> None:
    """The offsets of the last records come back; sequence numbers go on where they were."""
    client, tested = led_by(a=1, b=1)(placed(a=(0, 10), b=(0, 20)), placed(a=(0, 12)))

    async def body() -> None:
        assert await tested.send({"a": batch(2), "b": batch(3)}) == {"a": 11, "b": 22}
        assert await tested.send({"a": batch(1)}) == {"a": 12}

    asyncio.run(body())
    first, second = client.sent
    assert (first.transactional_id, first.required_acks) == ("app-5", -1)
    (_, [(partition, data)]), _ = first.topics
    read = DefaultRecordBatch(data)
    assert (partition, read.producer_id, read.producer_epoch, read.base_sequence) == (5, 7, 3, 0)
    assert sequence_of(second.topics[0][1][0][1]) == 2
    assert not tested.unanswered


def test_each_leader_gets_its_own() -> None:
    """At the same time."""
    client, tested = led_by(a=1, b=2)(placed(a=(0, 10)), placed(b=(0, 20)))
    assert asyncio.run(tested.send({"a": batch(1), "b": batch(1)})) == {"a": 10, "b": 20}
    assert [node for node, _, _ in client.asked] == [1, 2]


@pytest.mark.parametrize(
    ("answer", "updates"),
    [
        (placed(a=(0, 10), b=(FEW_REPLICAS, -1)), 0),
        (placed(a=(0, 10), b=(NOT_LEADER, -1)), 1),
        (kafka.KafkaConnectionError(), 1),
    ],
)
def test_what_was_not_taken_is_sent_again(answer: Any, updates: int) -> None:
    """The same bytes, and nothing of what was taken. After an answer that was lost, all of it: the broker knows it."""
    lost = isinstance(answer, Exception)
    client, tested = led_by(a=1, b=1)(answer, placed(**({"a": (0, 10)} if lost else {}), b=(0, 20)))
    assert asyncio.run(tested.send({"a": batch(1), "b": batch(1)})) == {"a": 10, "b": 20}
    first, second = ({topic: data for topic, [(_, data)] in sent.topics} for sent in client.sent)
    assert second == (first if lost else {"b": first["b"]})
    assert client.updates == updates


@pytest.mark.parametrize(
    ("code", "words"),
    [(OTHER_EPOCH, "fenced: another worker"), (WRONG_STATE, "over before it was whole"),
     (TOO_LARGE, "a: the broker refused a batch of [0-9]+ bytes as too large"),
     (TOPIC_FORBIDDEN, "a: the broker does not let"), (REPEATED, "does not say at which offset")],
)  # fmt: skip
def test_a_refusal_is_a_doubt(code: int, words: str) -> None:
    """And names what to do."""
    _, tested = led_by(a=1)(placed(a=(code, -1)))
    with pytest.raises(Doubt, match=words):
        asyncio.run(tested.send({"a": batch(1)}))
    assert tested.unanswered == {"a"}


def test_an_acknowledgement_without_an_offset_is_a_doubt() -> None:
    """A broker gives it for a repetition it no longer knows the place of."""
    _, tested = led_by(a=1)(placed(a=(0, -1)))
    with pytest.raises(Doubt, match="does not say at which offset"):
        asyncio.run(tested.send({"a": batch(1)}))


def test_what_nobody_can_mend_is_raised() -> None:
    """A batch that arrived damaged may be sent again; one of a format nobody knows may not."""
    _, tested = led_by(a=1)(placed(a=(76, -1)))
    with pytest.raises(kafka.KafkaError):
        asyncio.run(tested.send({"a": batch(1)}))


def test_sequence_numbers_begin_anew_behind_the_last() -> None:
    """At 2^31, as the broker counts them."""
    client, tested = led_by(a=1)(placed(a=(0, 1)), placed(a=(0, 9)))
    tested._sequences["a"] = SEQUENCES - 2

    async def body() -> None:
        await tested.send({"a": batch(3)})
        await tested.send({"a": batch(1)})

    asyncio.run(body())
    assert [sequence_of(sent.topics[0][1][0][1]) for sent in client.sent] == [SEQUENCES - 2, 1]


def test_a_new_identity_begins_anew() -> None:
    """Its epoch is greater, so the broker expects the first number."""
    client, tested = led_by(a=1)(placed(a=(0, 1)), placed(a=(0, 9)))

    async def body() -> None:
        await tested.send({"a": batch(3)})
        tested.sent_by(ProducerIdentity(7, 4))
        await tested.send({"a": batch(1)})

    asyncio.run(body())
    last = DefaultRecordBatch(client.sent[1].topics[0][1][0][1])
    assert (last.producer_epoch, last.base_sequence) == (4, 0)


def test_stable_ends_are_asked_of_the_leaders() -> None:
    """For a reader of committed records; over another connection than records are sent."""
    ends = lambda sent: (0, [("a", [(5, 0, -1, 10)]), ("b", [(5, 0, -1, 20)])])  # noqa: E731
    client, tested = led_by(a=1, b=1)(kafka.NodeNotReadyError(), ends)
    assert asyncio.run(tested.stable_ends(["a", "b"])) == {"a": 10, "b": 20}
    assert client.asked[-1] == (1, "Offset", 1)
    assert (client.sent[-1].isolation_level, client.sent[-1].topics) == (1, [("a", [(5, -1)]), ("b", [(5, -1)])])


def ending(**ends: int) -> Any:
    """The answer of where each topic ends."""
    return lambda sent: (0, [(topic, [(5, 0, -1, end)]) for topic, end in ends.items()])


ANEW = r"^a: records were placed at offset {}, after 9: the topic was made anew or cut off"


@pytest.mark.parametrize("first", [0, 8, 9])
def test_records_must_lie_behind_the_last_ones(first: int) -> None:
    """Else it is another topic, or a part of it is gone."""
    _, tested = led_by(a=1)(placed(a=(0, 8)), placed(a=(0, first)))

    async def body() -> None:
        await tested.send({"a": batch(2)})
        with pytest.raises(Doubt, match=ANEW.format(first)):
            await tested.send({"a": batch(3)})

    asyncio.run(body())


def test_records_must_lie_behind_what_was_learned() -> None:
    """The first ones of an owner too."""
    _, tested = led_by(a=1)(ending(a=10), placed(a=(0, 9)))

    async def body() -> None:
        await tested.learn(["a"])
        with pytest.raises(Doubt, match=ANEW.format(9)):
            await tested.send({"a": batch(1)})

    asyncio.run(body())


def test_a_leader_is_waited_for() -> None:
    """A topic that is not known yet, and one that has no leader for a while."""
    client, tested = led_by(a=-1)(ending(a=0), ending(b=0))

    async def body() -> None:
        learning = asyncio.create_task(tested.learn(["a", "b"]))
        while client.updates < 2:
            await asyncio.sleep(0)
        client.leaders = {"a": 1, "b": 2}
        await learning

    asyncio.run(body())
    assert client.topics == {"a", "b"}
