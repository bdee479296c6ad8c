"""`risk-stream worker`: decide orders until stopped."""

import logging

import click

from risk_stream.ops.arenas import share_arenas
from risk_stream.ops.load import load_settings
from risk_stream.ops.logging import configure_logging


@click.command()
def command() -> None:
    """Decide orders until SIGTERM or Ctrl-C, which stop it in order. Everything is set by RISK_STREAM_ variables.

    Exit code 0 after a clean stop; 1 when anything was in doubt: start it again, it recovers.
    """
    settings = load_settings()
    configure_logging(settings)
    share_arenas()
    if settings.log_level == "INFO":
        for library in ("aiokafka", "faust", "mode"):  # their INFO is a line for every service and every fetch set-up
            logging.getLogger(library).setLevel(logging.WARNING)
    # Imported late: a wrong setting should be told at once, not after two seconds of imports.
    from risk_stream.decide.engine import Engine
    from risk_stream.kafka.app import serve
    from risk_stream.kafka.config import WorkerConfig
    from risk_stream.kafka.ports import EnginePort, RowSource
    from risk_stream.messages.decode import decode_control
    from risk_stream.ops.compiling import compile_ahead
    from risk_stream.rules.book import Controls

    config = WorkerConfig.of(settings)

    def engine(partition: int, partitions: int, rows: RowSource) -> EnginePort:
        return Engine(partition, partitions, rows, topic_prefix=config.topic_prefix, resident_max=config.resident_max)

    compile_ahead()
    serve(config, engine, Controls(), decode_control)
