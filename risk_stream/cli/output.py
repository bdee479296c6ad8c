"""stdout is data: JSON when asked for, else lines for the eye. stderr is for people (click.echo(..., err=True))."""

import json
from collections.abc import Mapping
from typing import Any

import click

from risk_stream.ops.visible import visible

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(value: Any) -> None:
    """One value, one line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_line(text: str, *, err: bool = False) -> None:
    """A line for the eye, with texts of the log or of a message in it."""
    click.echo(visible(text), err=err)


def print_fields(fields: Mapping[str, Any]) -> None:
    """Aligned `name value` lines; what is None is left out."""
    width = max(map(len, fields))
    for name, value in fields.items():
        if value is not None:
            print_line(f"{name:<{width}}  {value}")
