"""A text of others cannot steer a terminal."""

import pytest

from risk_stream.ops.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("limit L, 5 %, größer als ≥ 3", "limit L, 5 %, größer als ≥ 3"),
        ("fine\rforged", r"fine\rforged"),
        ("two\nlines\tand", r"two\nlines\tand"),
        ("\x1b[2J\x9b2J\x7f", r"\x1b[2J\x9b2J\x7f"),
        ("right\u202eleft\u2028", r"right\u202eleft\u2028"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_does_not_print_is_escaped(text: str, shown: str) -> None:
    """Control characters, changes of direction, line ends; letters of any script stay."""
    assert visible(text) == shown
