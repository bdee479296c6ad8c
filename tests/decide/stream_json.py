"""JSON as different producers write it: numbers as numbers or strings, fields in any order, escapes, blanks."""

import json
import random


class Raw(str):
    """Text that goes into the JSON as it is."""

    __slots__ = ()


def number(chance: random.Random, text: str) -> object:
    """A decimal as string or number, sometimes with zeros or an exponent that change nothing."""
    draw = chance.random()
    if draw < 0.1 and "." in text:
        text += "00"
    elif draw < 0.15 and "." not in text:
        text += ".0"
    elif draw < 0.2:
        text += chance.choice(["e0", "E+0", "e-00"])
    return text if chance.random() < 0.5 else Raw(text)


def encode(chance: random.Random, message: dict[str, object]) -> bytes:
    """The bytes of a message."""
    items = list(message.items())
    if chance.random() < 0.2:
        chance.shuffle(items)
    blank = " " if chance.random() < 0.2 else ""
    ascii_only = chance.random() < 0.5
    body = f",{blank}".join(f"{dump(name, ascii_only)}:{blank}{dump(item, ascii_only)}" for name, item in items)
    return f"{{{body}}}".encode()


def dump(item: object, ascii_only: bool) -> str:
    """One JSON value."""
    if isinstance(item, Raw):
        return str(item)
    if isinstance(item, dict):
        return (
            "{" + ",".join(f"{dump(name, ascii_only)}:{dump(value, ascii_only)}" for name, value in item.items()) + "}"
        )
    if isinstance(item, list):
        return "[" + ",".join(dump(value, ascii_only) for value in item) + "]"
    return json.dumps(item, ensure_ascii=ascii_only)
