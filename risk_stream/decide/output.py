"""What a step publishes, and the digest that the journal keeps of it."""

import hashlib
from typing import NamedTuple

from risk_stream.messages.packed import Packed


class StepOutput(NamedTuple):
    """All records of one step, in the order in which they are published."""

    decisions: Packed
    violations: Packed
    dead_letters: Packed
    portfolio_risk: Packed
    digest: str
    counts: dict[str, int]


NO_PAYLOADS = bytes(8)


def digest_of(*topics: Packed) -> str:
    """SHA-256 (hex) of all payloads of a step: decisions, violations, dead letters, portfolio-risk.

    For each topic: the number of its payloads, the length of each (-1 for null), all as 8 bytes little-endian, then the
    payloads one behind the other. Keys and headers are functions of the payloads and the inputs.
    """
    digest = hashlib.sha256()
    for topic in topics:
        if not topic.size:
            digest.update(NO_PAYLOADS)
            continue
        payloads = topic.values
        digest.update(topic.size.to_bytes(8, "little") + payloads.lengths().astype("<i8").tobytes())
        digest.update(payloads.joined())
    return digest.hexdigest()
