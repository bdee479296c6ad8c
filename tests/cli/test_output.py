"""What goes to the terminal: a text of the log cannot steer it."""

import pytest

from risk_stream.cli.output import print_fields, print_json, print_line


def test_lines_and_fields_are_visible_and_json_is_exact(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each."""
    print_line("a\rb")
    print_line("c\rd", err=True)
    print_fields({"name": "e\nf", "none": None})
    print_json({"g": "\x9b"})
    assert capsys.readouterr() == ('a\\rb\nname  e\\nf\n{"g": "\x9b"}\n', "c\\rd\n")
