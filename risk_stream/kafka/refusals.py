"""What the broker's refusal of a batch means, in words for whoever has to put it right."""

from collections.abc import Collection, Mapping
from typing import Final

from aiokafka.errors import (
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    InvalidTxnState,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    UnknownProducerId,
)

REFUSALS: Final = (MessageSizeTooLargeError, TopicAuthorizationFailedError)
"""Answers to a batch that come again however often it is sent."""


FENCED: Final = "fenced: another worker has taken the partition over"
OVER: Final = "fenced, or ended by the broker: this transaction is over before it was whole"
FORGOTTEN: Final = (
    "the broker no longer knows this producer: nothing was written for longer than transactional.id.expiration.ms (7 "
    "days by default), or another worker has taken the partition over since. Nothing is lost: start the worker again"
)
ENDED_BY: Final[Mapping[type[Exception], str]] = {
    InvalidProducerEpoch: FENCED,
    ProducerFenced: FENCED,
    InvalidTxnState: OVER,
    UnknownProducerId: OVER,
    InvalidProducerIdMapping: FORGOTTEN,
}
"""What answers say that a producer can write no more, in words."""

UNREACHABLE: Final = (
    "Is it running? `risk-stream broker start` starts one here; RISK_STREAM_BROKER=host:port names another; "
    "`risk-stream doctor` looks closer."
)
"""What to do when no broker answers."""


def refusal(topic: str, size: int, error: KafkaError) -> str:
    """Topic, size (bytes), the setting and the next step, for one of REFUSALS."""
    if isinstance(error, MessageSizeTooLargeError):
        return (
            f"{topic}: the broker refused a batch of {size} bytes as too large; nothing of the step was published. Set "
            f"max.message.bytes of {topic} to {size} or more (`risk-stream topics describe` shows what it should be), "
            "then start the worker again"
        )
    return forbidden(error, topic)


def forbidden(error: KafkaError, topic: str | None = None) -> str:
    """For a right that is missing, on a topic or on the consumer group; aiokafka names them in the error."""
    named = error.args[0] if error.args else ""
    what = topic or (", ".join(sorted(named)) if isinstance(named, set | frozenset) else str(named))
    return (
        f"{what}: the broker does not let this user read or write there ({type(error).__name__}); nothing of the step "
        "was published. Grant Read, Write, Describe and DescribeConfigs on the topics and Read on the group, then "
        "start the worker again"
    )


def silence(seconds: float, topics: Collection[str]) -> str:
    """For a transaction without an answer; `topics` are those whose batches were sent and not acknowledged."""
    text = f"no answer to a transaction in {seconds:g} s"
    if not topics:
        return text
    names = ", ".join(sorted(topics))
    return f"{text}; nothing back from {names}: is the broker up, are the topics there (`risk-stream topics describe`)?"


def not_ended(seconds: float, topics: Collection[str]) -> str:
    """For a committed transaction that the broker does not show to be ended on these topics."""
    return (
        f"{', '.join(sorted(topics))}: the last transaction is committed and after {seconds:g} s not seen to be ended "
        "there; nothing was committed on top of it. Start the worker again, when the broker is up: its take-over mends "
        "it"
    )


def unheard(topic: str, seconds: float) -> str:
    """For the controls, when the broker does not answer for them."""
    return (
        f"{topic}: no answer from the broker in {seconds:g} s, so that no control, a halt among them, could be read. "
        "Look whether the topic is there and has a leader that this machine reaches (`risk-stream topics describe`), "
        "then start the worker again"
    )


def held_back(topic: str, seconds: float) -> str:
    """For the controls, when a transaction of another program stays open there."""
    return (
        f"{topic}: a transaction of another program has been open for {seconds:g} s, so that no control behind it, a "
        "halt among them, could be read. End it (`kafka-transactions.sh find-hanging`, then `abort`), then start the "
        "worker again"
    )


def made_anew(topic: str, first: int, last: int) -> str:
    """For records placed at `first` though this topic was seen to reach up to `last`."""
    return (
        f"{topic}: records were placed at offset {first}, after {last}: the topic was made anew or cut off; nothing of "
        "the step was published. Look what is lost of what it held before the worker is started again: the journal and "
        "the changelog are what state is rebuilt from"
    )
