"""`risk-stream limits list|diff|history`: what the controls log says of limits. Nothing is written."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from risk_stream.cli.archive_option import archive_option
from risk_stream.cli.failure import ANSWER_IS_NO, DONE
from risk_stream.cli.limits_file import file_argument, read_limits_or_fail
from risk_stream.cli.output import json_option, print_json, print_line
from risk_stream.messages.encode_control import limit_fields
from risk_stream.messages.instant import format_time
from risk_stream.ops.load import load_settings

if TYPE_CHECKING:
    from risk_stream.audit.changes import Change
    from risk_stream.audit.controls_log import ControlsLog


@click.command("list")
@archive_option
@click.option("--portfolio", help="Only limits that this portfolio may meet: its own and those of all.")
@json_option
def list_limits(archive: Path | None, portfolio: str | None, as_json: bool) -> None:
    """Show the limits that are set, and who set each of them, by limit_id.

    In mode PAUSED or SHADOW too, and those whose effective_from has not come: the line says so.
    """
    controls = controls_log(archive)
    from risk_stream.audit.changes import limit_words, limits_in_force

    found = [
        one
        for one in limits_in_force(controls)
        if portfolio is None or one.control.limit.scope.portfolio_id in (None, portfolio)
    ]
    if as_json:
        rows = [
            {
                **limit_fields(one.control.limit),
                "set_by": {
                    "version": one.version,
                    "actor": one.control.actor,
                    "reason": one.control.reason,
                    "ts": format_time(one.control.ts),
                    "taken_at": format_time(one.taken_at),
                },
            }
            for one in found
        ]
        print_json({"version": controls.book.version, "limits": rows})
        return
    for one in found:
        who = f"{one.control.actor}, {format_time(one.taken_at)}, version {one.version}: {one.control.reason}"
        print_line(f"{one.control.limit.limit_id}  {limit_words(one.control.limit)}  ({who})")
    click.echo(f"{len(found)} limits at controls version {controls.book.version}", err=True)


@click.command()
@file_argument
@archive_option
@json_option
def diff(file: Path, archive: Path | None, as_json: bool) -> int:
    """Show what pushing FILE would change: exit code 0 nothing, 3 something.

    Limits that are set and not in FILE stay in force when it is pushed; they are counted, and are no difference.
    """
    limits = [one.limit for one in read_limits_or_fail(file)]
    controls = controls_log(archive)
    from risk_stream.audit.changes import difference_words, differences, limit_words, limits_in_force

    now = {one.control.limit.limit_id: one.control.limit for one in limits_in_force(controls)}
    new = [one for one in limits if one.limit_id not in now]
    changed = [one for one in limits if one.limit_id in now and one != now[one.limit_id]]
    untouched = sorted(set(now) - {one.limit_id for one in limits})
    if as_json:
        print_json(
            {
                "file": str(file),
                "version": controls.book.version,
                "same": not new and not changed,
                "new": [limit_fields(one) for one in new],
                "changed": [
                    {
                        "limit_id": one.limit_id,
                        "differences": [part._asdict() for part in differences(now[one.limit_id], one)],
                    }
                    for one in changed
                ],
                "not_in_file": untouched,
            }
        )
    else:
        for one in new:
            print_line(f"+ {one.limit_id}  {limit_words(one)}")
        for one in changed:
            print_line(f"~ {one.limit_id}  {difference_words(differences(now[one.limit_id], one))}")
        same = len(limits) - len(new) - len(changed)
        click.echo(
            f"{len(new)} new, {len(changed)} changed, {same} as they are; {len(untouched)} set and not in {file}, "
            f"which stay (controls version {controls.book.version})",
            err=True,
        )
    return ANSWER_IS_NO if new or changed else DONE


@click.command()
@archive_option
@click.option("--limit", "limit_id", help="Only changes of this limit.")
@json_option
def history(archive: Path | None, limit_id: str | None, as_json: bool) -> int:
    """Show every change of a limit, every halt, reduce and resume, every override and rebase: who, when and why.

    The version is the record's offset in the controls log; decisions name the version they were made at. Exit code 3
    when --limit names a limit that never was.
    """
    controls = controls_log(archive)
    from risk_stream.audit.changes import story

    changes = [
        one
        for one in story(controls)
        if limit_id is None or (one.subject == limit_id and one.what in ("SET_LIMIT", "REMOVE_LIMIT"))
    ]
    if as_json:
        print_json({"version": controls.book.version, "changes": [_as_json(one) for one in changes]})
    else:
        for one in changes:
            print_line(_line(one))
    if limit_id is not None and not changes:
        click.echo(f"There never was a limit {limit_id} (controls version {controls.book.version}).", err=True)
        return ANSWER_IS_NO
    return DONE


def controls_log(archive: Path | None) -> "ControlsLog":
    """The controls log of an archive, or of the cluster; a CommandError when it cannot be read."""
    settings = load_settings()
    # Here, not above: checking a file should not wait for what reads the log.
    from risk_stream.audit.controls_log import read_controls
    from risk_stream.cli.audit_log import log_errors, open_log

    opened = open_log(archive, settings)

    async def work() -> "ControlsLog":
        async with opened() as log:
            return await read_controls(log)

    with log_errors(settings):
        return asyncio.run(work())


def _line(one: "Change") -> str:
    words = [f"{one.version}", format_time(one.taken_at), one.what]
    words += [one.subject] if one.subject else []
    words += [one.detail]
    words += [f"({one.actor}: {one.reason})"] if one.actor else []
    return "  ".join(words)


def _as_json(one: "Change") -> dict[str, Any]:
    return {
        **one._asdict(),
        "taken_at": format_time(one.taken_at),
        "differences": [part._asdict() for part in one.differences],
    }
