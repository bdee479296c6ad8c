"""Ranges of Kafka records of one topic-partition, as columns over the bytes that they were fetched in."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from risk_stream.messages import packed as packing
from risk_stream.messages.packed import NULL, NDInt64, Packed, Span, span_of


class Records(NamedTuple):
    """Records in offset order; offsets may have gaps (transaction markers). All four columns are equally long."""

    offsets: NDInt64
    timestamps: NDInt64
    """Epoch milliseconds, the broker's LogAppendTime."""
    keys: Span
    values: Span
    """Over the same data as the keys."""

    @property
    def size(self) -> int:
        """How many records."""
        return len(self.offsets)

    def below(self, offset: int) -> int:
        """How many lie below an offset."""
        return int(np.searchsorted(self.offsets, offset))

    def rise(self) -> bool:
        """Whether each offset is greater than the one before."""
        return bool((self.offsets[1:] > self.offsets[:-1]).all())

    def rows(self) -> list[tuple[int, int, bytes | None, bytes | None]]:
        """Offset, timestamp, key and value of each, copied; about 0.3 us a record."""
        columns = self.offsets.tolist(), self.timestamps.tolist(), self.keys.as_list(), self.values.as_list()
        return list(zip(*columns, strict=True))

    def value_bytes(self) -> NDInt64:
        """Bytes of each value; none where it is absent."""
        return np.maximum(self.values.lengths(), 0)

    def values_size(self) -> int:
        """Bytes of all values."""
        return int(self.value_bytes().sum())

    def held_bytes(self) -> int:
        """Bytes that they keep in memory: the data, and eight columns of what was fetched."""
        return memoryview(self.values.data).nbytes + 8 * 8 * self.size

    def fitting(self, room: int) -> int:
        """How many of the first records have values of so many bytes together, and one in any case."""
        return max(1, int(np.searchsorted(self.value_bytes().cumsum(), room, "right")))

    def part(self, start: int, stop: int) -> "Records":
        """The records start..stop by their number, not by offset, over the same data."""
        return Records(
            self.offsets[start:stop],
            self.timestamps[start:stop],
            self.keys.part(start, stop),
            self.values.part(start, stop),
        )

    def chosen(self, mask: npt.NDArray[np.bool_]) -> "Records":
        """The records for which `mask` is true."""
        return Records(self.offsets[mask], self.timestamps[mask], self.keys.chosen(mask), self.values.chosen(mask))

    @staticmethod
    def joined(parts: Sequence["Records"]) -> "Records":
        """The records of all parts, in order; several are copied, their bytes and all. About 5 us a part."""
        if len(parts) < 2:
            return parts[0] if parts else NO_RECORDS
        keys, values = end_to_end([(part.keys, part.values) for part in parts])
        return Records(
            np.concatenate([part.offsets for part in parts]),
            np.concatenate([part.timestamps for part in parts]),
            keys,
            values,
        )


def _moved(span: Span, data: object, by: NDInt64 | int) -> Span:
    """The fields in a buffer in which they lie so much further on."""
    return Span(data, span.starts + by, np.where(span.ends == NULL, NULL, span.ends + by))


def _bounds(spans: Sequence[Span]) -> tuple[int, int]:
    """From where to where they lie in their data, absent fields too."""
    if not len(spans[0].starts):
        return 0, 0
    low, high = min(span.starts.min() for span in spans), max(max(span.starts.max(), span.ends.max()) for span in spans)
    return int(low), int(high)


def end_to_end(parts: Sequence[Sequence[Span]]) -> list[Span]:
    """The fields of all parts, in order, over one buffer: a copy. The spans of a part lie over the same data."""
    bounds = [_bounds(part) for part in parts]
    data = b"".join(memoryview(part[0].data)[low:high] for part, (low, high) in zip(parts, bounds, strict=True)) + b" "
    lows, highs = np.array(bounds).T
    shifts = np.repeat(np.cumsum(highs - lows) - highs, [len(part[0].starts) for part in parts])
    return [_moved(_following(spans), data, shifts) for spans in zip(*parts, strict=True)]


def _following(spans: Sequence[Span]) -> Span:
    """The fields of several spans, still where each of them lies."""
    starts, ends = np.concatenate([span.starts for span in spans]), np.concatenate([span.ends for span in spans])
    return Span(None, starts, ends)


def records_in(offsets: NDInt64, timestamps: NDInt64, keys: Span, values: Span) -> Records:
    """Records whose keys and values may lie in different buffers: then both are copied into one."""
    if keys.data is not values.data:
        (values_low, values_high), (keys_low, keys_high) = _bounds((values,)), _bounds((keys,))
        data = b"".join(
            (memoryview(values.data)[values_low:values_high], memoryview(keys.data)[keys_low:keys_high], b" ")
        )
        values = _moved(values, data, -values_low)
        keys = _moved(keys, data, values_high - values_low - keys_low)
    return Records(offsets, timestamps, keys, values)


def records_from(
    offsets: Sequence[int],
    timestamps: Sequence[int],
    keys: Sequence[bytes | None],
    values: Sequence[bytes | None],
) -> Records:
    """Records that exist as objects. About 0.3 us each."""
    laid, count = span_of([*values, *keys]), len(values)
    return Records(
        np.array(offsets, np.int64),
        np.array(timestamps, np.int64),
        laid.part(count, 2 * count),
        laid.part(0, count),
    )


NO_RECORDS = records_from((), (), (), ())


class Recorded(NamedTuple):
    """Consecutive records of any topic, with their headers, in offset order. All columns are equally long."""

    offsets: NDInt64
    timestamps: NDInt64
    """Epoch milliseconds."""
    packed: Packed
    """Key, value and headers of each."""

    @property
    def size(self) -> int:
        """How many records."""
        return len(self.offsets)

    @property
    def inputs(self) -> Records:
        """As the engine takes them: without a copy when keys and values lie in the same data."""
        return records_in(self.offsets, self.timestamps, self.packed.keys, self.packed.values)

    def below(self, offset: int) -> int:
        """How many lie below an offset."""
        return int(np.searchsorted(self.offsets, offset))

    def part(self, start: int, stop: int) -> "Recorded":
        """The records start..stop by their number, not by offset, over the same data."""
        return Recorded(self.offsets[start:stop], self.timestamps[start:stop], self.packed.part(start, stop))

    @staticmethod
    def joined(parts: Sequence["Recorded"]) -> "Recorded":
        """The records of all parts, in order; several are copied, their bytes and all."""
        filled = [part for part in parts if part.size]
        if len(filled) < 2:
            return filled[0] if filled else NOTHING_RECORDED
        packed = [part.packed for part in filled]
        # As they are fetched, keys, values and headers lie between each other: each alone would be nearly all bytes.
        if all(keys.data is values.data is headers.data for keys, values, headers in packed):
            whole = packing.Packed(*end_to_end(packed))
        else:
            whole = packing.joined(*(one.trimmed() for one in packed))
        return Recorded(
            np.concatenate([part.offsets for part in filled]),
            np.concatenate([part.timestamps for part in filled]),
            whole,
        )


NOTHING_RECORDED = Recorded(NO_RECORDS.offsets, NO_RECORDS.timestamps, packing.NOTHING)
