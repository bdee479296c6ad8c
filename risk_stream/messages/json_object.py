"""JSON text to an object whose numbers are still text, so that each is read exactly, once it is known what it is for.

The standard library's parser, with its numbers kept as text: what it takes does not depend on the version of a package,
and so neither does which records are dead letters. Of a repeated key the last value counts. NaN, Infinity and
-Infinity, which many JSON writers emit though JSON has none, are read as numbers here, to be refused by the field they
stand in: so an order that has usable ids gets an answer that names the field.
"""

import json
import re
from typing import Final, TypeAlias

import msgspec

DEPTH_MAX: Final = 128
"""Levels of arrays and objects. Far below the parser's own bound, which moves with the depth of the caller's stack."""

JsonObject: TypeAlias = dict[str, object]


class Number(msgspec.Struct, frozen=True, gc=False):
    """A JSON number as it was written."""

    text: str


class JsonError(ValueError):
    """The bytes are no JSON object; the message never quotes them."""


_DECODER: Final = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number)
# Possessive, and an unterminated string reaches to the end: linear in the length, whatever the bytes are.
_STRING: Final = re.compile(rb'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS: Final = bytes(b for b in range(256) if b not in b"[]{}")


def parse_object(value: bytes | None) -> JsonObject:
    """The JSON object in the bytes of a record; values are str, Number, bool, None, list or dict. Raises JsonError."""
    if value is None:
        raise JsonError("is null")
    if _depth_exceeds(value, DEPTH_MAX):
        raise JsonError(f"is nested deeper than {DEPTH_MAX}")
    try:
        parsed = _DECODER.decode(value.decode("utf-8"))
    except UnicodeDecodeError:
        raise JsonError("is not UTF-8") from None
    except json.JSONDecodeError:
        raise JsonError("is not JSON") from None
    if not isinstance(parsed, dict):
        raise JsonError("must be a JSON object")
    return parsed


def _depth_exceeds(value: bytes, bound: int) -> bool:
    if value.count(b"[") + value.count(b"{") <= bound:
        return False
    depth = 0
    for bracket in _STRING.sub(b"", value).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > bound:
            return True
    return False
