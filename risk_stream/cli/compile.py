"""`risk-stream compile`: what every first start would do, done when it suits: in an image build, before a test run."""

import sys

import click

COLD_START = "compiling the decision core (once a version, one to two minutes on two cores) ..."


@click.command()
def command() -> None:
    """Compile the decision core into the user's cache (RISK_STREAM_COMPILED_DIR moves it); quick when it is there."""
    print(COLD_START, file=sys.stderr, flush=True)
    from risk_stream.ops.compiling import compile_ahead  # the import alone compiles the codec

    compile_ahead()
