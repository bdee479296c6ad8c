"""Ids: who and what a message is about. 1 to 64 printable characters, no spaces."""

from typing import Final, TypeGuard

ID_LENGTH_MAX: Final = 64
"""Characters (code points), not bytes: at most 256 bytes of UTF-8."""


def is_id(value: object) -> TypeGuard[str]:
    """Whether a JSON value is a usable id.

    Printable is Python's `str.isprintable`: it leaves out control characters, lone surrogates and every space but
    U+0020, which is refused by itself. So an id never needs a JSON escape but those of the quote and the backslash.
    Which characters are printable is Unicode's to say: a newer Python may print some that an older one does not.
    """
    return isinstance(value, str) and 1 <= len(value) <= ID_LENGTH_MAX and value.isprintable() and " " not in value


def is_name(value: object) -> TypeGuard[str]:
    """Whether a JSON value is a usable metric name: as an id, but spaces may stand in it."""
    return isinstance(value, str) and 1 <= len(value) <= ID_LENGTH_MAX and value.isprintable()
