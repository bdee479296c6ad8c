"""How a command ends badly: what is wrong, where, and what to do next, on stderr, with the right exit code."""

import os
import sys
from concurrent.futures import BrokenExecutor

import click

from risk_stream.broker.errors import BrokerError
from risk_stream.ops.load import SettingsError

DONE, FAILED, USAGE, ANSWER_IS_NO = 0, 1, 2, 3
INTERRUPTED = 130  # 128 + SIGINT, as shells do


class CommandError(click.ClickException):
    """A failure that a person can act on: exit code 1."""

    exit_code = FAILED


def report_failure(error: BaseException) -> int:
    """Say what happened and return the exit code; what nobody foresaw is raised again, with its traceback."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            error.show()
            return error.exit_code
        case BrokerError():
            click.echo(f"Error: {error.problem}\n{error.advice}", err=True)
            return FAILED
        case SettingsError():
            click.echo(f"Error: {error}", err=True)
            return USAGE
        case click.Abort() | KeyboardInterrupt():
            click.echo("interrupted", err=True)
            return INTERRUPTED
        case BrokenPipeError():
            # The reader (`| head`) has left. Python would complain once more when it flushes stdout at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        case OSError():
            advice = "\nLook at its permissions and the room there, then run it again." if error.filename else ""
            click.echo(f"Error: {str(error) or type(error).__name__}{advice}", err=True)
            return FAILED
        case BrokenExecutor():
            click.echo(
                "Error: one of the processes was killed, mostly because memory ran out\n"
                "Run it again with fewer at once (--jobs 1), or where there is more memory.",
                err=True,
            )
            return FAILED
        case _:
            raise error
