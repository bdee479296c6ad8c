"""The topic catalogue on a real cluster."""

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from risk_stream.kafka.connection import Connection
from risk_stream.kafka.topic_catalogue import CATALOGUE, FOR_EVER
from risk_stream.kafka.topics import Topics, TopicsError, TopicState, unfit_for_worker
from tests.conftest import TestBroker
from tests.kafka.by_hand import make_topic

pytestmark = pytest.mark.broker


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test has."""
    return f"t{uuid.uuid4().hex[:8]}."


def topics(broker: TestBroker, prefix: str, partitions: int = 2) -> Topics:
    """The catalogue on the test's cluster."""
    return Topics(Connection(broker.bootstrap), prefix, partitions)


async def created(broker: TestBroker, prefix: str, partitions: int = 2) -> list[str]:
    """The names of the topics that were made now."""
    async with topics(broker, prefix, partitions) as catalogue:
        return await catalogue.create()


async def described(broker: TestBroker, prefix: str, partitions: int = 2) -> list[TopicState]:
    """The topics as they are."""
    async with topics(broker, prefix, partitions) as catalogue:
        return await catalogue.describe()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Its result."""
    return asyncio.run(work)


def test_catalogue_is_the_contracts() -> None:
    """Names, the one-partition topic, what is compacted and what is kept for ever."""
    assert {spec.name for spec in CATALOGUE} == {
        *("orders", "portfolio-values", "controls", "decisions", "violations", "journal", "portfolio-risk"),
        "dead-letters",
    }
    assert [spec.name for spec in CATALOGUE if spec.one_partition] == ["controls"]
    assert [spec.name for spec in CATALOGUE if spec.compacted] == ["portfolio-risk"]
    assert [spec.name for spec in CATALOGUE if spec.retention_ms == FOR_EVER] == ["controls"]
    kept = {spec.name: spec.retention_ms for spec in CATALOGUE}
    assert kept["journal"] >= kept["orders"] == kept["portfolio-values"]


def test_creates_once_and_describes(broker: TestBroker, prefix: str) -> None:
    """All missing, then all made as the catalogue says, then nothing left to make."""
    assert all(state.partitions is None and not state.right for state in run(described(broker, prefix)))
    assert run(created(broker, prefix)) == [prefix + spec.name for spec in CATALOGUE]
    states = run(described(broker, prefix))
    assert all(state.right for state in states), states
    assert {state.name: state.partitions for state in states}[prefix + "controls"] == 1
    assert run(created(broker, prefix)) == []


def test_two_at_once_do_no_harm(broker: TestBroker, prefix: str) -> None:
    """Workers that start together may both create."""

    async def both() -> list[list[str]]:
        return list(await asyncio.gather(created(broker, prefix), created(broker, prefix)))

    made = [name for names in run(both()) for name in names]
    assert sorted(made) == sorted(prefix + spec.name for spec in CATALOGUE)


def test_refuses_another_partition_count(broker: TestBroker, prefix: str) -> None:
    """An existing topic with another count stops everything: nothing else is made."""
    run(make_topic(broker.bootstrap, prefix + "orders", 3))
    with pytest.raises(TopicsError, match=f"{prefix}orders has 3, not 2"):
        run(created(broker, prefix))
    assert [state.partitions for state in run(described(broker, prefix)) if state.partitions] == [3]


def test_shows_other_settings(broker: TestBroker, prefix: str) -> None:
    """A topic whose timestamps the clients choose is not right, and it is said why."""
    run(make_topic(broker.bootstrap, prefix + "orders", 2, message_timestamp_type="CreateTime"))
    orders = run(described(broker, prefix))[0]
    assert orders.partitions == 2
    assert not orders.right
    assert orders.differences["message.timestamp.type"] == "is CreateTime, should be LogAppendTime"
    assert "retention.ms" in orders.differences


def test_impossible_replication_is_said(broker: TestBroker, prefix: str) -> None:
    """What the broker refuses reaches the user in its words."""

    async def work() -> None:
        async with topics(broker, prefix) as catalogue:
            await catalogue.create(replication_factor=1_000)

    with pytest.raises(TopicsError, match=r"(?i)replication"):
        run(work())


def test_larger_records_than_needed_are_right(broker: TestBroker, prefix: str) -> None:
    """Dead letters fit all the more."""
    run(make_topic(broker.bootstrap, prefix + "dead-letters", 2, max_message_bytes="20000000"))
    [letters] = [state for state in run(described(broker, prefix)) if state.name == prefix + "dead-letters"]
    assert "max.message.bytes" not in letters.differences
    assert "retention.ms" in letters.differences


def test_smaller_records_than_needed_are_wrong(broker: TestBroker, prefix: str) -> None:
    """A dead letter would not fit."""
    run(make_topic(broker.bootstrap, prefix + "dead-letters", 2, max_message_bytes="1000"))
    [letters] = [state for state in run(described(broker, prefix)) if state.name == prefix + "dead-letters"]
    assert letters.differences["max.message.bytes"].startswith("is 1000, should be ")


def test_settings_that_may_not_be_read_are_not_taken_for_right(
    broker: TestBroker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the right to describe them, why they are unknown is said, and a worker does not start."""
    run(created(broker, prefix))

    async def work() -> list[TopicState]:
        async with topics(broker, prefix) as catalogue:

            async def refused(resources: list[Any]) -> list[Any]:
                return [SimpleNamespace(resources=[(29, "", 2, one.name, []) for one in resources])]

            monkeypatch.setattr(catalogue._admin, "describe_configs", refused)
            return await catalogue.describe()

    unfit = unfit_for_worker(run(work()))
    said = "message.timestamp.type is not to be read (TopicAuthorizationFailedError), should be LogAppendTime"
    assert unfit[0] == f"{prefix}orders: {said}"


async def not_made(*_: object, **__: object) -> None:
    """In place of a request that must not be sent."""
    raise AssertionError("a topic that is there was made again")


def test_topic_without_a_leader_is_not_missing(
    broker: TestBroker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, and cannot be used: nothing is made in its place, nobody waits for it, and it is said."""
    run(created(broker, prefix))

    async def work() -> tuple[list[str], TopicState]:
        async with topics(broker, prefix) as catalogue:
            known = catalogue._admin.describe_topics

            async def one_broker_down() -> list[Any]:
                answer: list[Any] = await known()
                [orders] = [one for one in answer if one["topic"] == prefix + "orders"]
                [first] = [part for part in orders["partitions"] if part["partition"] == 1]
                first["leader"] = -1
                return answer

            monkeypatch.setattr(catalogue._admin, "describe_topics", one_broker_down)
            monkeypatch.setattr(catalogue._admin, "create_topics", not_made)
            return await catalogue.create(), (await catalogue.describe())[0]

    made, orders = run(work())
    assert made == []
    assert (orders.partitions, orders.leaderless, orders.right) == (2, [1], False)
    assert orders.faults == ["partition 1 has no leader: are its brokers down?"]


def states_with(differences: dict[str, dict[str, str]]) -> list[TopicState]:
    """The catalogue as `describe` finds it, with these differences by topic."""
    return [TopicState(f"t.{spec.name}", 1, 1, differences.get(spec.name, {})) for spec in CATALOGUE]


def test_worker_must_not_start_on_topics_that_lose_or_misdate_records() -> None:
    """Each is named with what it is and what it must be."""
    stamped = {"message.timestamp.type": "is CreateTime, should be LogAppendTime"}
    compacted = {"cleanup.policy": "is compact, should be delete"}
    forgetful = {"retention.ms": "is 604800000, should be -1"}
    wrong = states_with({"orders": stamped, "controls": {**compacted, **forgetful}, "journal": compacted})
    assert unfit_for_worker(wrong) == [
        "t.orders: message.timestamp.type is CreateTime, should be LogAppendTime",
        "t.controls: cleanup.policy is compact, should be delete",
        "t.controls: retention.ms is 604800000, should be -1",
        "t.journal: cleanup.policy is compact, should be delete",
    ]
    unusable = [replace(state, leaderless=[0]) if state.name == "t.journal" else state for state in states_with({})]
    assert unfit_for_worker(unusable) == ["t.journal: partition 0 has no leader: are its brokers down?"]


def test_worker_starts_on_topics_of_an_administrator() -> None:
    """How long records are kept, how large they may be and how risk pictures are thrown away stops no worker."""
    longer = {"retention.ms": "is -1, should be 221356800000"}
    larger = {"max.message.bytes": "is 1000000, should be 1114124"}
    kept = {"cleanup.policy": "is compact,delete, should be compact"}
    assert unfit_for_worker(states_with({"orders": longer, "dead-letters": larger, "portfolio-risk": kept})) == []
