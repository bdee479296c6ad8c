"""A range of Kafka records of one topic-partition, as columns."""

from typing import NamedTuple


class Records(NamedTuple):
    """Records in offset order; offsets may have gaps (transaction markers). All four lists are equally long."""

    offsets: list[int]
    timestamps: list[int]
    """Epoch milliseconds, the broker's LogAppendTime."""
    keys: list[bytes | None]
    values: list[bytes | None]
