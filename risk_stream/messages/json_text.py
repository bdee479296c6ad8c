"""Writing JSON byte for byte: UTF-8, no blanks, and no escapes but those of the quote and the backslash.

Everything written here is printable (ids are checked, details and reasons are ours), so no control character ever needs
an escape. Not a JSON package: its choices would be part of payloads that are compared byte by byte.
"""


def quoted(text: str) -> str:
    """A JSON string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quoted_or_null(text: str | None) -> str:
    """A JSON string, or null."""
    return "null" if text is None else quoted(text)
