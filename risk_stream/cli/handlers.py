"""`risk-stream handlers run|list`: tell others of violations, from a process that no decision waits for."""

import logging

import click

from risk_stream.cli.failure import CommandError
from risk_stream.cli.output import json_option, print_json
from risk_stream.ops.load import load_settings
from risk_stream.ops.logging import configure_logging


@click.group()
def command() -> None:
    """Tell others of violations: a log, a webhook, or what an installed package offers."""


@command.command()
@click.option("--from-beginning", is_flag=True, help="A handler that never ran starts with the first violation kept.")
def run(from_beginning: bool) -> None:
    """Run the handlers of RISK_STREAM_HANDLERS until SIGTERM or Ctrl-C.

    Each has a consumer group of its own, and gets every final violation at least once. One that never ran before starts
    with what is violated from now on.
    """
    settings = load_settings()
    configure_logging(settings)
    if settings.log_level == "INFO":
        logging.getLogger("aiokafka").setLevel(logging.WARNING)
    # Here, not above: a wrong setting should be told at once.
    from risk_stream.cli.kafka import kafka_errors_of_tasks
    from risk_stream.cli.kafka import run as run_with_kafka
    from risk_stream.handlers.plug_ins import HandlerError, chosen
    from risk_stream.handlers.service import run_handlers

    try:
        plugged = chosen(settings.handler_names)
        if not plugged:
            raise CommandError("RISK_STREAM_HANDLERS names none: `risk-stream handlers list` shows what there is.")
        run_with_kafka(kafka_errors_of_tasks(run_handlers(settings, plugged, from_beginning=from_beginning)), settings)
    except HandlerError as error:
        raise CommandError(f"{error}") from error


@command.command("list")
@json_option
def list_handlers(as_json: bool) -> None:
    """Show which handlers are installed and which of them would run."""
    settings = load_settings()
    from risk_stream.handlers.plug_ins import HandlerError, plug_ins

    try:
        known = plug_ins()
    except HandlerError as error:
        raise CommandError(str(error)) from error
    rows = [
        {"name": one.name, "enabled": one.name in settings.handler_names, "source": one.source, "target": one.target}
        for one in known.values()
    ]
    if as_json:
        print_json(rows)
        return
    width = max(len(name) for name in known)
    for one in known.values():
        mark = "runs" if one.name in settings.handler_names else "-"
        click.echo(f"{one.name:<{width}}  {mark:<4}  {one.source}  {one.target}")
