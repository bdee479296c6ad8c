"""Byte strings laid end to end, so that compiled code can write the i-th by its number."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Pool(NamedTuple):
    """String i is text[starts[i]:starts[i + 1]]."""

    text: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]


def pool_of(strings: Iterable[str]) -> Pool:
    """The strings in UTF-8. The text is never empty: an array of no bytes has no address to copy from."""
    encoded = [string.encode() for string in strings]
    starts = np.array([0, *map(len, encoded)], np.int64).cumsum()
    return Pool(np.frombuffer(b"".join(encoded) + b" ", np.uint8), starts)
