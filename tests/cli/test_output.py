"""What goes to the terminal: a text of the log cannot steer it."""

import pytest

from risk_stream.cli.output import print_fields, print_json, print_line, visible


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


def test_lines_and_fields_are_visible_and_json_is_exact(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each."""
    print_line("a\rb")
    print_line("c\rd", err=True)
    print_fields({"name": "e\nf", "none": None})
    print_json({"g": "\x9b"})
    assert capsys.readouterr() == ('a\\rb\nname  e\\nf\n{"g": "\x9b"}\n', "c\\rd\n")
