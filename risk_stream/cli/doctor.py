"""`risk-stream doctor`: look for what would keep the system from working here."""

import asyncio
import logging
from dataclasses import asdict

import click

from risk_stream.cli.failure import ANSWER_IS_NO
from risk_stream.cli.output import json_option, print_json
from risk_stream.ops.checkup import Finding, check_machine
from risk_stream.ops.cluster_checkup import check_cluster
from risk_stream.ops.load import load_settings


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Check versions, folders, Java, the broker, the topics and the clock (exit code 3 when something is wrong)."""
    settings = load_settings()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it would log is said below, once
    findings = check_machine(settings.data_dir) + asyncio.run(check_cluster(settings))
    healthy = all(one.good for one in findings if one.needed)
    if as_json:
        print_json({"healthy": healthy, "findings": [asdict(one) for one in findings]})
    else:
        for one in findings:
            _show(one)
    return 0 if healthy else ANSWER_IS_NO


def _show(finding: Finding) -> None:
    colour, mark = ("green", "ok") if finding.good else ("red", "wrong") if finding.needed else ("yellow", "note")
    click.echo(f"{click.style(f'{mark:<5}', fg=colour)}  {finding.name}: {finding.detail}")
    if finding.advice:
        click.echo(f"       {finding.advice}")
