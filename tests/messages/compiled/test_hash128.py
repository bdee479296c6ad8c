"""The compiled hashes against published values and against the client library's own partitioner."""

import numpy as np
import pytest
from aiokafka.partitioner import murmur2 as client_murmur2
from hypothesis import given
from hypothesis import strategies as st

from risk_stream.messages.compiled.hash128 import hash128, murmur2


def hex128(text: bytes, start: int = 0) -> str:
    """The hash of text[start:] as other tools print it."""
    h1, h2 = hash128(np.frombuffer(text, np.uint8), start, len(text))
    return f"{int(h1):016x}{int(h2):016x}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "00000000000000000000000000000000"),
        (b"hello", "cbd8a7b341bd9b025b1e906a48ae1d19"),
        (b"The quick brown fox jumps over the lazy dog", "e34bbc7bbc071b6c7a433ca9c49a9347"),
    ],
)
def test_hash128_published_values(text: bytes, expected: str) -> None:
    """It is MurmurHash3 x64 128 with seed 0, as any other implementation computes it."""
    assert hex128(text) == expected


@given(st.binary(max_size=70), st.integers(0, 9))
def test_hash128_does_not_depend_on_position(text: bytes, shift: int) -> None:
    """The same bytes hash alike wherever they stand, aligned or not, and whatever surrounds them."""
    assert hex128(b"\xff" * shift + text, shift) == hex128(text)


@pytest.mark.parametrize("length", [1, 4, 8, 9, 15, 16, 17, 33, 64])
def test_hash128_avalanche(length: int) -> None:
    """One flipped input bit flips about half of the bits of either half."""
    text = bytes(range(length))
    base = int(hex128(text), 16)
    for bit in range(8 * length):
        changed = bytearray(text)
        changed[bit // 8] ^= 1 << bit % 8
        difference = base ^ int(hex128(bytes(changed)), 16)
        assert 12 <= (difference >> 64).bit_count() <= 52
        assert 12 <= (difference & 0xFFFFFFFFFFFFFFFF).bit_count() <= 52


@given(st.binary(max_size=70))
def test_murmur2_is_the_default_partitioner(key: bytes) -> None:
    """A key lands on the partition that the client library would choose."""
    assert murmur2(np.frombuffer(key, np.uint8), 0, len(key)) == client_murmur2(key) & 0x7FFFFFFF
