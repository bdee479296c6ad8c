"""`risk-stream broker start|stop|status`: the embedded Kafka as a service of this user."""

from dataclasses import asdict
from pathlib import Path

import click

from risk_stream.broker import daemon
from risk_stream.broker.daemon import BrokerStatus
from risk_stream.cli.failure import ANSWER_IS_NO
from risk_stream.cli.output import json_option, print_fields, print_json
from risk_stream.ops.load import load_settings

PORT_DEFAULT = 9092

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where its data lie; one folder, one broker."
)


@click.group()
def command() -> None:
    """Start, stop or look at the embedded Kafka: one node, on loopback only."""


@command.command()
@click.option("--port", type=click.IntRange(1, 65535), default=PORT_DEFAULT, show_default=True)
@data_dir_option
@json_option
def start(port: int, data_dir: Path | None, as_json: bool) -> None:
    """Start it and leave it running. The first start on a machine downloads Kafka (40 MB), once."""
    settings = load_settings()
    status = daemon.start(port, _folder(data_dir))
    if status.bootstrap != settings.broker:
        click.echo(
            f"Other commands will look for {settings.broker}: set RISK_STREAM_BROKER={status.bootstrap}", err=True
        )
    _show(status, as_json)


@command.command()
@data_dir_option
@json_option
def stop(data_dir: Path | None, as_json: bool) -> None:
    """Stop it; its data stay. Not an error when it was not running."""
    folder = _folder(data_dir)
    was_running = daemon.stop(folder)
    if not was_running:
        click.echo(f"no broker was running over {folder}", err=True)
    _show(daemon.status(folder), as_json)


@command.command()
@data_dir_option
@json_option
def status(data_dir: Path | None, as_json: bool) -> int:
    """Say whether it runs and answers (exit code 3 when not)."""
    found = daemon.status(_folder(data_dir))
    _show(found, as_json)
    return 0 if found.ready else ANSWER_IS_NO


def _folder(data_dir: Path | None) -> Path:
    return (data_dir or load_settings().data_dir / "broker").absolute()


def _show(status: BrokerStatus, as_json: bool) -> None:
    if as_json:
        print_json(asdict(status))
        return
    state = "ready" if status.ready else "running, not answering" if status.running else "not running"
    print_fields(
        {"broker": state, **{name: value for name, value in asdict(status).items() if name not in ("running", "ready")}}
    )
