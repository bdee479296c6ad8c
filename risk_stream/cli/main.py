"""`risk-stream`: finds the command and runs it.

A command is imported when it is asked for, not before: `--help` and the small commands do not wait for the compiled
engine or Faust. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 "the answer is no".
"""

import sys
from importlib import import_module

import click

from risk_stream import __version__
from risk_stream.cli.failure import report_failure

# Command name to what --help says; the module of that name (as_of for as-of) here has the click command `command`.
COMMANDS = {
    "demo": "Run the main job: broker, worker, orders, and a check of every decision.",
    "broker": "Start, stop or look at the embedded Kafka.",
    "topics": "Create or describe the topics.",
    "worker": "Decide orders until stopped.",
    "publish": "Send orders, portfolio values or controls from JSON lines.",
    "tail": "Print decisions, violations or dead letters.",
    "handlers": "Tell others of violations: a log, a webhook, plug-ins.",
    "limits": "Check a limits file, or put it in force; list, compare and trace those in force.",
    "control": "Halt, reduce, resume, rebase, override: with who and why.",
    "replay": "Decide the recorded log again: prove it, or ask what other limits would have done.",
    "head": "Print where the journals end, to keep elsewhere.",
    "as-of": "Show a portfolio as it was at a moment.",
    "archive": "Write the recorded log to Parquet files.",
    "check": "Decide one order offline.",
    "compile": "Compile the decision core ahead of its first use.",
    "doctor": "Look for what would keep the system from working here.",
}


class LazyGroup(click.Group):
    """A group whose commands are modules, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name`, imported now; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"risk_stream.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="risk-stream")
def group() -> None:
    """Pre-trade risk decisions over Kafka: each one final, each one reproducible from the log."""


def main() -> None:
    """The entry point: one place where a failure becomes words on stderr and an exit code."""
    try:
        result = group(standalone_mode=False, prog_name="risk-stream")
    except BaseException as error:
        sys.exit(report_failure(error))
    sys.exit(result if isinstance(result, int) else 0)  # click hands --help's and ctx.exit's code back
