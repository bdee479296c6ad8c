"""Texts of others, shown to people."""


def visible(text: str) -> str:
    """The same on one line, with escapes for what does not print: a text of the log must not steer the terminal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
