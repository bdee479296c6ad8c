"""`risk-stream limits validate|push|shadow FILE.toml`: a limits file, checked, or put in force as SET_LIMITs.

What the log says of limits (list, diff, history) stands in limits_log.py.
"""

from pathlib import Path

import click
import msgspec

from risk_stream.cli.failure import FAILED, CommandError
from risk_stream.cli.limits_file import file_argument, read_limits
from risk_stream.cli.limits_log import diff, history, list_limits
from risk_stream.cli.output import json_option, print_json
from risk_stream.messages.control import SetLimit
from risk_stream.messages.ids import is_id
from risk_stream.messages.limit import Mode
from risk_stream.messages.limits_file import SHADOW_SUFFIX
from risk_stream.ops.load import load_settings

LOOK = "Look at what is in force (`risk-stream limits list`), then send the file again."


@click.group()
def command() -> None:
    """Check a limits file, or put it in force; list, compare and trace those in force."""


command.add_command(list_limits)
command.add_command(diff)
command.add_command(history)


@command.command()
@file_argument
@json_option
def validate(file: Path, as_json: bool) -> int:
    """Say what is wrong with FILE, each error with its path. No broker is needed."""
    limits, errors = read_limits(file)
    if as_json:
        print_json({"file": str(file), "valid": not errors, "limits": len(limits), "errors": errors})
    else:
        _say(file, errors)
        if not errors:
            click.echo(f"{file}: {len(limits)} limits, all valid")
    return FAILED if errors else 0


@command.command()
@file_argument
@json_option
def push(file: Path, as_json: bool) -> int:
    """Send FILE's limits to the controls log: all of them, or none when one is wrong.

    The broker takes them together, 1 MB at a time; what else is in force stays.
    """
    return _send(file, _all_or_none(file), as_json)


@command.command()
@file_argument
@json_option
def shadow(file: Path, as_json: bool) -> int:
    """Arm FILE's limits beside those in force: as ID~shadow in mode SHADOW, they emit violations and decide nothing.

    `risk-stream replay --limits FILE` asks the same of history.
    """
    armed = [_as_shadow(file, control) for control in _all_or_none(file)]
    return _send(file, armed, as_json)


def _as_shadow(file: Path, control: SetLimit) -> SetLimit:
    limit_id = f"{control.limit.limit_id}{SHADOW_SUFFIX}"
    if not is_id(limit_id):
        raise CommandError(f"{file}: {limit_id}: too long for a limit_id. Nothing was sent.")
    limit = msgspec.structs.replace(control.limit, limit_id=limit_id, mode=Mode.SHADOW)
    return msgspec.structs.replace(control, limit=limit)


def _all_or_none(file: Path) -> list[SetLimit]:
    limits, errors = read_limits(file)
    if errors:
        _say(file, errors)
        raise CommandError("Nothing was sent.")
    return limits


def _send(file: Path, limits: list[SetLimit], as_json: bool) -> int:
    settings = load_settings()
    topic, sent = settings.topic("controls"), 0
    # Here, not above: checking a file should not wait for the Kafka client.
    from risk_stream.cli.kafka import run
    from risk_stream.kafka.publish import BATCH_BYTES_MAX, Publisher
    from risk_stream.messages.encode_control import encode_control

    async def work() -> None:
        nonlocal sent
        async with Publisher(settings.connection(), topic, batch_bytes=BATCH_BYTES_MAX) as publisher:
            async for count in publisher.send_together(map(encode_control, limits)):
                sent += count

    def report() -> None:
        if as_json:
            print_json({"file": str(file), "sent": sent, "topic": topic})
        elif limits:
            click.echo(f"{sent} limits sent to {topic}", err=True)
        if not limits:
            click.echo(f"{file} has no limits: nothing was sent, and those in force stay.", err=True)

    try:
        if limits:
            run(work(), settings)
    except BaseException:
        report()
        click.echo(f"{sent} of {len(limits)} limits are acknowledged. {LOOK}", err=True)
        raise
    report()
    return 0


def _say(file: Path, errors: list[str]) -> None:
    for error in errors:
        click.echo(f"{file}: {error}", err=True)
