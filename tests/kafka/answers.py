"""A client whose brokers answer as a test says: what would be sent goes through aiokafka's own structs, both ways."""

import io
from collections.abc import Callable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import ConnectionGroup, CoordinationType

VERSIONS = {0: (0, 12), 2: (0, 9), 22: (0, 5), 24: (0, 5), 25: (0, 4), 26: (0, 5), 28: (0, 5)}
"""Of Kafka 4.2, by the key of the request."""

Answer = Callable[[Any], Any] | BaseException


class Cluster:
    """Who leads what, as the client knows it."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def leader_for_partition(self, tp: TopicPartition) -> int | None:
        """None before the topic was asked for."""
        return self._client.leaders.get(tp.topic) if tp.topic in self._client.topics else None


class Client:
    """Stands for AIOKafkaClient. `answers` are used up, one a request: an error to raise, or what makes the fields of
    the response of a request's fields."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, str, int]] = []
        """Node, name of the request, connection."""
        self.sent: list[Any] = []
        """The requests, decoded again."""
        self.lookups = 0
        self.updates = 0
        self.topics: set[str] = set()
        self.leaders: dict[str, int] = {}
        self.cluster = Cluster(self)

    async def coordinator_lookup(self, kind: CoordinationType, key: str) -> int:
        """The next node each time."""
        self.lookups += 1
        return self.lookups

    async def force_metadata_update(self) -> None:
        """Counted."""
        self.updates += 1

    async def set_topics(self, topics: set[str]) -> None:
        """They are known then."""
        self.topics = set(topics)

    async def send(self, node: int, request: Any, *, group: ConnectionGroup = ConnectionGroup.DEFAULT) -> Any:
        """The next answer."""
        name = type(request).__name__.removesuffix("Request")
        self.asked.append((node, name, int(group)))
        struct = request.prepare(VERSIONS)
        sent = type(struct).decode(io.BytesIO(struct.encode()))
        self.sent.append(sent)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        response = struct.RESPONSE_TYPE(*answer(sent))
        return type(response).decode(io.BytesIO(response.encode()))
