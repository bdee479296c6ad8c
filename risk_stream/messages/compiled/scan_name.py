"""The strings of an object: `"name":` before a value, and ids."""

from numba import types

from risk_stream.messages.compiled.jit import POINTER, Bytes, compiled, pair_of
from risk_stream.messages.compiled.scan_text import QUOTE, byte_at, plain_end, skip_blanks

ID_LENGTH_MAX = 64

COLON = ord(":")


@compiled(pair_of(types.int64, types.int64), POINTER, types.int64, types.int64)
def scan_name(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """The position of the value behind `"name":` (-1: not sure) and that of the quote behind the name."""
    if byte_at(text, at, end) != QUOTE:
        return -1, at
    behind = plain_end(text, at + 1, end)
    if byte_at(text, behind, end) != QUOTE:
        return -1, behind
    colon = skip_blanks(text, behind + 1, end)
    if byte_at(text, colon, end) != COLON:
        return -1, behind
    return skip_blanks(text, colon + 1, end), behind


@compiled(types.int64, POINTER, types.int64, types.int64)
def scan_id(text: Bytes, at: int, end: int) -> int:
    """The position behind an id and its quotes, -1 when not sure: the id is text[at + 1:behind - 1]."""
    if byte_at(text, at, end) != QUOTE:
        return -1
    behind = plain_end(text, at + 1, end)
    length = behind - at - 1
    if length < 1 or length > ID_LENGTH_MAX or byte_at(text, behind, end) != QUOTE:
        return -1
    return behind + 1
