"""Run what talks to Kafka, and turn the client's errors into words. Imported only by commands that need a cluster."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aiokafka.errors import KafkaConnectionError, KafkaError

from risk_stream.cli.failure import CommandError
from risk_stream.kafka.handshake import refusal
from risk_stream.kafka.reader import TopicError
from risk_stream.kafka.refusals import UNREACHABLE
from risk_stream.kafka.topics import TopicsError
from risk_stream.ops.settings import Settings

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T], settings: Settings) -> T:
    """The result of `work`; a cluster that does not answer, or refuses, is a CommandError with advice."""
    with kafka_errors(settings):
        return asyncio.run(work)


@contextmanager
def kafka_errors(settings: Settings) -> Iterator[None]:
    """The client's errors inside become a CommandError with advice."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it would log is said below, once
    try:
        yield
    except (TopicError, TopicsError) as error:
        raise CommandError(str(error)) from error
    except (KafkaError, TimeoutError, ConnectionError) as error:
        refused = asyncio.run(refusal(settings.connection())) if isinstance(error, KafkaConnectionError) else None
        if refused:
            raise CommandError(f"Kafka at {refused.problem}\n{refused.advice}") from error
        reason = str(error) or type(error).__name__
        raise CommandError(f"Kafka at {settings.broker}: {reason}\n{UNREACHABLE}") from error


async def kafka_errors_of_tasks(work: Coroutine[Any, Any, T]) -> T:
    """The first error of tasks side by side, by itself: the others were cancelled because of it."""
    try:
        return await work
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
