"""What a step publishes, and the digest that the journal keeps of it."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

NO_VALUE = -1
"""Length of a payload that is null."""


class Event(NamedTuple):
    """A record with headers."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class StepOutput(NamedTuple):
    """All records of one step; the lists are in the order in which they are published."""

    decisions: list[tuple[bytes, bytes]]
    violations: list[Event]
    dead_letters: list[Event]
    portfolio_risk: list[tuple[bytes, bytes]]
    digest: str
    counts: dict[str, int]


def digest_of(*topics: Iterable[bytes | None]) -> str:
    """SHA-256 (hex) of all payloads of a step: decisions, violations, dead letters, portfolio-risk.

    For each topic: the number of its payloads, the length of each (-1 for null), all as 8 bytes little-endian, then the
    payloads one behind the other. Keys and headers are functions of the payloads and the inputs.
    """
    digest = hashlib.sha256()
    for topic in topics:
        payloads = list(topic)
        lengths = np.fromiter(map(_length, payloads), "<i8", len(payloads))
        digest.update(len(payloads).to_bytes(8, "little") + lengths.tobytes())
        digest.update(b"".join(filter(None, payloads)))
    return digest.hexdigest()


def _length(payload: bytes | None) -> int:
    return NO_VALUE if payload is None else len(payload)
