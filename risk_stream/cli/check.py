"""`risk-stream check ORDER.json`: decide one order offline, with the engine that the worker runs."""

import time
from pathlib import Path

import click

from risk_stream.cli.failure import ANSWER_IS_NO, DONE, CommandError
from risk_stream.cli.output import json_option, print_json, print_line
from risk_stream.messages.control import SetLimit
from risk_stream.messages.limits_file import LimitsFileError, read_limits_file
from risk_stream.ops.compile_notice import compile_notice


@click.command()
@click.argument("order", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--value",
    "values",
    type=click.Path(exists=True, dir_okay=False),
    multiple=True,
    help="A valuation or execution of the portfolio; may be repeated, and is applied in this order.",
)
@click.option("--limits", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The limits, TOML.")
@json_option
def command(order: str, values: tuple[str, ...], limits: Path, as_json: bool) -> int:
    """Decide the order in ORDER (a JSON file, or - for standard input). No broker is needed.

    A message without `ts` counts as made now. Exit code 0: approved, 3: rejected, 1: could not be decided. --json
    prints the decision as it would be published, with the violation events as `events`.
    """
    now_ms = time.time_ns() // 1_000_000
    rules = _read_limits(limits, now_ms)
    with compile_notice():
        # Here, not above: a mistake in a file should be told without waiting for the engine.
        from risk_stream.audit.offline import OfflineError, decide, make_case, observe

        try:
            case = make_case(_read(order), [(value, _read(value)) for value in values], rules, now_ms)
        except OfflineError as error:
            raise CommandError(str(error)) from error
        answer = decide(case)
    for note in answer.notes:
        print_line(f"note: {note}", err=True)
    if as_json:
        print_json({**answer.decision, "events": answer.events})
    else:
        from risk_stream.cli.check_table import show

        show(answer, observe(case))
    return DONE if answer.decision["decision"] == "APPROVED" else ANSWER_IS_NO


def _read(file: str) -> bytes:
    try:
        with click.open_file(file, "rb") as opened:
            content: bytes = opened.read()
            return content
    except OSError as error:
        raise CommandError(f"{file}: {error}") from error


def _read_limits(file: Path, now_ms: int) -> list[SetLimit]:
    try:
        return read_limits_file(file.read_text("utf-8"), now_ms)
    except LimitsFileError as error:
        raise CommandError("\n".join(f"{file}: {one}" for one in error.errors)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: {error}") from error
