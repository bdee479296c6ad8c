"""What the client may keep waiting for ever ends here."""

import asyncio
from typing import Any

from risk_stream.handlers.consumer import ViolationsConsumer
from risk_stream.kafka.connection import Connection


class Silent:
    """A client whose group shares out the partitions, with a broker that says nothing more."""

    def paused(self) -> set[Any]:
        """Nothing is."""
        return set()

    assignment = paused

    def __init__(self) -> None:
        self.asked = 0
        self.shared_out = asyncio.Event()

    async def getmany(self, **_: object) -> dict[Any, Any]:
        """Whatever the timeout."""
        self.asked += 1
        await self.shared_out.wait()
        return {"here": [Record()]}

    async def stop(self) -> None:
        """It cannot leave the group."""
        raise TimeoutError


class Record:
    """One violation."""

    topic, partition, offset = "violations", 0, 7


def consumer_of(client: Any) -> ViolationsConsumer:
    """Of this client."""
    consumer = ViolationsConsumer(Connection("127.0.0.1:1"), "violations", "group")
    consumer._consumer = client
    return consumer


def test_reading_ends_while_partitions_are_shared_out() -> None:
    """So that a request to stop is seen; what was asked for then comes with a later reading."""

    async def work() -> None:
        client = Silent()
        consumer = consumer_of(client)
        async with asyncio.timeout(30):
            assert await consumer.read(1) == [] == await consumer.read(1)
            client.shared_out.set()
            assert [record.offset for record in await consumer.read(1)] == [7]
        assert client.asked == 1

    asyncio.run(work())


def test_a_broker_that_cannot_be_told_of_the_end_is_no_failure() -> None:
    """What was to be committed was: the process ends as it was told to."""
    asyncio.run(consumer_of(Silent()).__aexit__(None, None, None))
