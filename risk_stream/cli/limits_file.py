"""A limits file named on the command line: read, or refused with everything that is wrong with it."""

import time
from pathlib import Path

import click

from risk_stream.cli.failure import CommandError
from risk_stream.messages.control import SetLimit
from risk_stream.messages.limits_file import LimitsFileError, read_limits_file

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


def read_limits_or_fail(file: Path) -> list[SetLimit]:
    """The limits of FILE; a CommandError that lists everything that is wrong with it."""
    limits, errors = read_limits(file)
    if errors:
        raise CommandError("\n".join(f"{file}: {error}" for error in errors))
    return limits


def read_limits(file: Path) -> tuple[list[SetLimit], list[str]]:
    """The limits of FILE, or what is wrong with them; a CommandError when it cannot be read at all."""
    try:
        return read_limits_file(file.read_text("utf-8"), time.time_ns() // 1_000_000), []
    except LimitsFileError as error:
        return [], error.errors
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: {error}") from error
