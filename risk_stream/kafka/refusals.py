"""What the broker's refusal of a batch means, in words for whoever has to put it right."""

from collections.abc import Collection
from typing import Final

from aiokafka.errors import KafkaError, MessageSizeTooLargeError, TopicAuthorizationFailedError

REFUSALS: Final = (MessageSizeTooLargeError, TopicAuthorizationFailedError)
"""Answers to a batch that come again however often it is sent."""


def refusal(topic: str, size: int, error: KafkaError) -> str:
    """Topic, size (bytes), the setting and the next step, for one of REFUSALS."""
    if isinstance(error, MessageSizeTooLargeError):
        return (
            f"{topic}: the broker refused a batch of {size} bytes as too large; nothing of the step was published. Set "
            f"max.message.bytes of {topic} to {size} or more (`risk-stream topics describe` shows what it should be), "
            "then start the worker again"
        )
    return (
        f"{topic}: the broker lets this user write nothing there; nothing of the step was published. Grant Write and "
        f"Describe on {topic} (it was a batch of {size} bytes), then start the worker again"
    )


def silence(seconds: float, topics: Collection[str]) -> str:
    """For a transaction without an answer; `topics` are those whose batches were sent and not acknowledged."""
    text = f"no answer to a transaction in {seconds:g} s"
    if not topics:
        return text
    names = ", ".join(sorted(topics))
    return f"{text}; nothing back from {names}: is the broker up, are the topics there (`risk-stream topics describe`)?"
