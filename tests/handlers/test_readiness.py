"""When the handlers' process says that it is ready, and when no longer."""

import asyncio

from risk_stream.handlers.consumer import TIMEOUT_S, ViolationsConsumer
from risk_stream.handlers.readiness import look
from risk_stream.kafka.connection import Connection
from risk_stream.ops.health import Health


class Reader:
    """A handler's reading."""

    name = "h"

    def __init__(self) -> None:
        self.assigned = False
        self.silence_s = 0.0


def test_ready_when_all_are_assigned() -> None:
    """One that waits for its group keeps the process from being ready."""
    readers, health = [Reader(), Reader()], Health(controls_read=True)
    readers[0].assigned = True
    look(readers, health)
    assert health.missing == ["no assignment yet"]
    readers[1].assigned = True
    look(readers, health)
    assert health.missing == []


def test_not_ready_while_the_broker_is_silent() -> None:
    """One handler that hears nothing is enough; ready again when it does."""
    readers, health = [Reader(), Reader()], Health(controls_read=True)
    for one in readers:
        one.assigned = True
    for silence_s, missing in (
        (TIMEOUT_S, []),
        (TIMEOUT_S + 1, ["the broker does not answer"]),
        (TIMEOUT_S + 2, ["the broker does not answer"]),
        (0.0, []),
    ):
        readers[1].silence_s = silence_s
        look(readers, health)
        assert health.missing == missing


def test_a_member_without_partitions_is_assigned() -> None:
    """There are more processes than partitions: this one stands by."""

    async def work() -> tuple[bool, bool]:
        consumer = ViolationsConsumer(Connection("127.0.0.1:1"), "violations", "group")
        before = consumer.assigned
        await consumer.on_partitions_assigned(set())
        return before, consumer.assigned

    assert asyncio.run(work()) == (False, True)
