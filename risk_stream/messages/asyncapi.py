"""The AsyncAPI 3 document of the topics: what travels where, keyed and kept how. Payloads: the JSON Schemas."""

from typing import Any, Final, NamedTuple

from risk_stream import __version__
from risk_stream.messages.fault import FaultReason
from risk_stream.messages.headers import DEAD_LETTER_TYPE, VIOLATION_TYPE
from risk_stream.messages.schema_parts import ID, OUTPUT_TIME, Schema, constant, enum_of

_TOPIC_PREFIX: Final = "risk."
_PARTITIONS: Final = 4
_SCHEMA_FORMAT: Final = "application/schema+json;version=2020-12"


class Topic(NamedTuple):
    """A topic of the contract; `messages` name JSON Schemas, `sent` is from this processor's point of view."""

    name: str
    about: str
    messages: tuple[str, ...]
    sent: bool
    cleanup: str = "delete"
    partitions: int = _PARTITIONS


TOPICS: Final = (
    Topic("orders", "Order requests; the audit input", ("order",), False),
    Topic(
        "portfolio-values",
        "What happened to a portfolio: one totally ordered log of valuations and executions",
        ("valuation", "execution"),
        False,
    ),
    Topic(
        "controls",
        "Limit changes and operator commands, append-only; its offset is the controls version",
        ("control",),
        False,
        partitions=1,
    ),
    Topic("decisions", "Exactly one final decision per order; read with read_committed", ("decision",), True),
    Topic("violations", "Violation events, append-only", ("violation",), True),
    Topic("journal", "One record per step: which inputs were handled, in which order", ("journal",), True),
    Topic("portfolio-risk", "Latest risk picture of each portfolio", ("portfolio-risk",), True, cleanup="compact"),
    Topic("dead-letters", "Records that could not be understood, key and bytes as they were", ("dead-letter",), True),
)


def asyncapi_document() -> dict[str, Any]:
    """The document, version 3.0.0."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "risk_stream",
            "version": __version__,
            "description": "Pre-trade risk decisions over Kafka. Keys are the portfolio_id in UTF-8, partitioned by "
            "Kafka's murmur2. The prefix of the topics can be configured.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {_operation_name(topic): _operation(topic) for topic in TOPICS},
        "components": {"messages": {name: _message(name) for topic in TOPICS for name in topic.messages}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": _TOPIC_PREFIX + topic.name,
        "description": topic.about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in topic.messages},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": [topic.cleanup]},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation_name(topic: Topic) -> str:
    return f"{'send' if topic.sent else 'receive'}-{topic.name}"


def _operation(topic: Topic) -> dict[str, Any]:
    return {"action": "send" if topic.sent else "receive", "channel": {"$ref": f"#/channels/{topic.name}"}}


def _message(name: str) -> dict[str, Any]:
    if name == "dead-letter":
        return {"name": name, "contentType": "application/octet-stream", "headers": _dead_letter_headers()}
    message: dict[str, Any] = {
        "name": name,
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": f"./{name}.json"}},
    }
    if name not in ("control", "journal"):
        message["bindings"] = {"kafka": {"key": ID, "bindingVersion": "0.5.0"}}
    if name == "violation":
        message["headers"] = _cloud_event_headers(VIOLATION_TYPE, "application/json", {})
    return message


def _dead_letter_headers() -> Schema:
    text = {"type": "string"}
    extra = {"reason": enum_of(FaultReason), "detail": text, "source": text}
    headers = _cloud_event_headers(DEAD_LETTER_TYPE, "application/octet-stream", extra)
    headers["required"].remove("ce_subject")
    return headers


def _cloud_event_headers(event_type: str, content_type: str, extra: dict[str, Schema]) -> Schema:
    properties = {
        "ce_specversion": constant("1.0"),
        "ce_id": {"type": "string"},
        "ce_type": constant(event_type),
        "ce_source": {"description": "The record that caused it: risk.orders/3@1042", "type": "string"},
        "ce_subject": ID,
        "ce_time": OUTPUT_TIME,
        "content-type": constant(content_type),
        **extra,
    }
    return {"type": "object", "properties": properties, "required": list(properties)}
