"""How long the broker has been silent to a consumer: the client itself says nothing of that and tries for ever."""

import time
from collections.abc import Callable
from typing import Any

from aiokafka import TopicPartition

from risk_stream.kafka.heard import Heard


class Hearing:
    """Of one consumer that is a member of its group. To be asked all the time: silence is an answer that stays."""

    def __init__(self, consumer: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._consumer = consumer
        self._clock = clock
        self._heard = Heard()

    def silence_s(self) -> float:
        """Seconds without an answer, of whichever has been silent for longest."""
        now = self._clock()
        consumer = self._consumer
        # A fetch is answered even when there is nothing. The client forgets the group's coordinator when a heartbeat
        # has failed; a member without partitions asks nobody else.
        answers: dict[TopicPartition | None, float | None] = {
            tp: consumer.last_poll_timestamp(tp) for tp in consumer.assignment() - consumer.paused()
        }
        answers[None] = None if consumer._coordinator.coordinator_id is None else now
        return now - self._heard.since(answers, now)
