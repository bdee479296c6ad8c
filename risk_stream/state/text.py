"""Strings that are remembered (symbols, sectors): each stands once in a pool and is known by its number."""

import numpy as np

from risk_stream.messages.compiled.hash128 import hash128
from risk_stream.state.compiled import compiled
from risk_stream.state.layout import BY_STRING, STRING_COUNT, TEXT_USED, Bytes, State
from risk_stream.state.table import insert, ref_at, seek, tag_of


@compiled
def same_bytes(a: Bytes, a_at: int, b: Bytes, b_at: int, length: int) -> bool:
    """Whether two ranges of equal length hold the same bytes."""
    for i in range(length):
        if a[a_at + i] != b[b_at + i]:
            return False
    return True


@compiled
def find_string(state: State, text: Bytes, at: int, length: int) -> int:
    """The number of a string of the pool; -1 when it is not there."""
    h1, _ = hash128(text, at, at + length)
    places = state.places(BY_STRING)
    tag = tag_of(h1)
    slot = seek(places, tag, tag)
    while slot != -1:
        number = ref_at(places, slot)
        known = state.strings[number]
        if known.h1 == h1 and known.len == length and same_bytes(state.text, known.at, text, at, length):
            return number
        slot = seek(places, tag, slot + 1)
    return np.int32(-1)


@compiled
def find_name(state: State, h1: np.uint64, h2: np.uint64) -> int:
    """The number of the string with that hash128; -1 when it is not there."""
    places = state.places(BY_STRING)
    tag = tag_of(h1)
    slot = seek(places, tag, tag)
    while slot != -1:
        number = ref_at(places, slot)
        if state.strings[number].h1 == h1 and state.strings[number].h2 == h2:
            return number
        slot = seek(places, tag, slot + 1)
    return np.int32(-1)


@compiled
def intern(state: State, text: Bytes, at: int, length: int) -> int:
    """The number of a string, which is added when it is new; -1 for an absent one (length 0)."""
    if length == 0:
        return np.int32(-1)
    number = find_string(state, text, at, length)
    if number != -1:
        return number
    number = np.int32(state.header[STRING_COUNT])
    start = state.header[TEXT_USED]
    for i in range(length):
        state.text[start + i] = text[at + i]
    h1, h2 = hash128(text, at, at + length)
    string = state.strings[number]
    string.h1 = h1
    string.h2 = h2
    string.at = start
    string.len = length
    state.header[STRING_COUNT] = number + 1
    state.header[TEXT_USED] = start + length
    insert(state, BY_STRING, h1, number)
    return number


@compiled
def is_before(state: State, a: int, b: int) -> bool:
    """Whether string a sorts before b by code points (the order of UTF-8 bytes)."""
    first = state.strings[a]
    second = state.strings[b]
    for i in range(min(first.len, second.len)):
        x = state.text[first.at + i]
        y = state.text[second.at + i]
        if x != y:
            return x < y
    return first.len < second.len
