"""The option of commands that read a recorded log: from an archive instead of the cluster."""

from pathlib import Path

import click

archive_option = click.option(
    "--archive",
    type=click.Path(path_type=Path, file_okay=False),
    help="Read this archive instead of the cluster; no broker is needed.",
)
