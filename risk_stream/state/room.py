"""Memory that a column grows in without being copied: addresses are reserved, pages come as they are touched.

Doubling by copying held a loaded worker up for 35 ms at a column of 40 MB, most of it page faults of the copy, and took
both copies' memory. Reserved addresses cost nothing: only pages that were written count, for the kernel as for a limit.
"""

import mmap
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

RESERVED_BYTES = 1 << 30
"""Addresses of a column, or 64 times what it needs if that is more: 30 columns a partition are 30 GiB of the 128 TiB
that a process has. A column that outgrows its room is copied, at 1 GiB and then at 64 GiB."""

RESERVED_TIMES = 64

COPIED_BYTES_MAX = 1 << 20
"""Below it a column is copied as it grows: that takes a tenth of a millisecond."""

GROWN_BYTES = 2 << 20
"""What a column grows by where it stays: a page or two, 5 to 10 ms on the virtual machine this was measured on."""

MAP_NORESERVE = 0x4000  # Linux; named in the mmap module from Python 3.12 on only where the platform has it
PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE


def size_for(current: int, wanted: int) -> int:
    """A size of at least `wanted`, by doubling: of what has to be copied or made anew."""
    size = current
    while size < wanted:
        size *= 2
    return size


def zeros(length: int, dtype: np.dtype[Any]) -> Array:
    """Zeros that are made anew instead of grown, as a hash table is.

    Large ones lie in pages of their own: they take memory where they are written, and are given back when dropped. The
    allocator would keep what a smaller one leaves for things that never come in its size.
    """
    size = length * dtype.itemsize
    mapping = _mapped(size) if size > COPIED_BYTES_MAX else None
    return np.zeros(length, dtype) if mapping is None else np.frombuffer(mapping, dtype, length)


class Room:
    """The memory of one column."""

    def __init__(self) -> None:
        self._mapping: mmap.mmap | None = None

    def length_for(self, array: Array, wanted: int) -> int:
        """How long a column should become that needs `wanted` rows: some more where it stays, else twice as long.

        Doubled in place, the free list of 200,000 new things touched all their pages at once, 40 ms and more.
        """
        length = len(array)
        if self._mapping is None or wanted * _row_bytes(array) > len(self._mapping):
            return size_for(length, wanted)
        return max(wanted, length + min(length, GROWN_BYTES // _row_bytes(array)))

    def lengthened(self, array: Array, length: int) -> Array:
        """The same column with `length` rows, the new ones zero; where it was already, if there is room.

        An array handed out before stays valid and shares its rows with the new one, unless that had to be copied.
        """
        size = length * _row_bytes(array)
        items = size // array.dtype.itemsize
        if self._mapping is not None and size <= len(self._mapping):
            return _over(self._mapping, array, items)
        self._mapping = None if size <= COPIED_BYTES_MAX else _mapped(max(RESERVED_BYTES, RESERVED_TIMES * size))
        if self._mapping is None:
            grown = np.zeros((length, *array.shape[1:]), array.dtype)
        else:
            grown = _over(self._mapping, array, items)
        # As bytes: numpy copies records field by field, at a tenth of the speed.
        _bytes_of(grown)[: array.nbytes] = _bytes_of(array)
        return grown


def _mapped(size: int) -> mmap.mmap | None:
    """Addresses for so many bytes; None where a limit on addresses forbids it, and the allocator has to do."""
    try:
        mapping = mmap.mmap(-1, size, flags=PRIVATE)
    except OSError:
        return None
    with suppress(OSError):  # fewer faults, and fewer misses when portfolios are met in any order; some kernels cannot
        mapping.madvise(mmap.MADV_HUGEPAGE)
    return mapping


def _row_bytes(array: Array) -> int:
    return int(np.prod(array.shape[1:], dtype=np.int64)) * array.dtype.itemsize


def _over(mapping: mmap.mmap, like: Array, items: int) -> Array:
    shape: Sequence[int] = (-1, *like.shape[1:])
    return np.frombuffer(mapping, like.dtype, items).reshape(shape)


def _bytes_of(array: Array) -> Array:
    return array.reshape(-1).view(np.uint8)
