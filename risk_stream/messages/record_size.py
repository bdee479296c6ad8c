"""How large the value of a record may be, for tools that publish: a larger one is refused before anything is sent."""

from typing import Final

VALUE_BYTES_MAX: Final = 1_048_000
"""Kafka and its client take 1 MiB by default, with the key and what a record and its batch add (below 500 bytes)."""


def size_problem(size: int) -> str | None:
    """What is wrong with a value of so many bytes."""
    if size <= VALUE_BYTES_MAX:
        return None
    return f"is {size:,} bytes as a record, at most {VALUE_BYTES_MAX:,} are taken"
