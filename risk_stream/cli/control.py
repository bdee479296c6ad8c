"""`risk-stream control`: halt, reduce, resume, rebase, override, in one command, with who gave it and why.

What is sent was read back first as a worker would read it: a command that a worker would refuse is refused here. It has
no time of its own: the broker's counts, so the clock of this machine does not matter.
"""

import time
from datetime import UTC, datetime

import click

from risk_stream.cli.failure import ANSWER_IS_NO, DONE, CommandError
from risk_stream.cli.limits_log import controls_log
from risk_stream.cli.output import json_option, print_json
from risk_stream.messages.control import Control, Halt, Override, Rebase, Reduce, RemoveLimit, Resume
from risk_stream.messages.decode import decode_control
from risk_stream.messages.encode_control import encode_control
from risk_stream.messages.fault import Fault
from risk_stream.messages.instant import format_time
from risk_stream.ops.load import load_settings

LOOK = (
    "It is not acknowledged and may be in force all the same: look (`risk-stream limits history`) before you repeat it."
)

actor_option = click.option("--actor", required=True, help="Who gives the command.")
reason_option = click.option("--reason", required=True, help="Why.")
all_option = click.option("--all", "whole_firm", is_flag=True, help="The whole firm.")
portfolio_option = click.option("--portfolio", help="One portfolio.")
one_portfolio_option = click.option("--portfolio", required=True, help="The portfolio.")


@click.group()
def command() -> None:
    """Commands to the workers: on the log for ever, in effect in each of them within a second."""


def _add_state_command(name: str, kind: type[Halt | Reduce | Resume], help_text: str) -> None:
    @command.command(name, help=help_text)
    @portfolio_option
    @all_option
    @actor_option
    @reason_option
    @json_option
    def state_command(portfolio: str | None, whole_firm: bool, actor: str, reason: str, as_json: bool) -> int:
        if whole_firm == (portfolio is not None):
            raise click.UsageError("say either --portfolio P or --all")
        send(kind(portfolio, actor, reason, _now_ms()), as_json)
        return DONE


_add_state_command("halt", Halt, "Refuse every order, until `resume`: the kill switch is `halt --all`.")
_add_state_command("reduce", Reduce, "Refuse every order that does not reduce a position.")
_add_state_command("resume", Resume, "Back to normal: of one portfolio (also when a limit halted it), or of the firm.")


@command.command()
@one_portfolio_option
@actor_option
@reason_option
@json_option
def rebase(portfolio: str, actor: str, reason: str, as_json: bool) -> int:
    """Let the peaks of a portfolio start again at its current value."""
    send(Rebase(portfolio, actor, reason, _now_ms()), as_json)
    return DONE


@command.command()
@click.option("--order", "order_id", required=True, help="The order, before it is sent.")
@one_portfolio_option
@click.option("--expires-at", required=True, type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ"]), help="UTC.")
@click.option("--requested-by", required=True)
@click.option("--approved-by", required=True, help="Somebody else.")
@actor_option
@reason_option
@json_option
def override(
    order_id: str,
    portfolio: str,
    expires_at: datetime,
    requested_by: str,
    approved_by: str,
    actor: str,
    reason: str,
    as_json: bool,
) -> int:
    """Let one order pass its limits, once; a refused order comes again under a new id.

    One that has expired already is sent, because it takes the place of an earlier one, and said to be (exit code 3).
    """
    expires_ms = int(expires_at.replace(tzinfo=UTC).timestamp() * 1000)
    control = Override(order_id, portfolio, expires_ms, requested_by, approved_by, actor, reason, _now_ms())
    taken_at = send(control, as_json)
    if taken_at <= expires_ms:
        return DONE
    click.echo(
        f"It expired before the broker took it, at {format_time(taken_at)}: no order of now passes by it, and an "
        f"earlier override of {order_id} is void.",
        err=True,
    )
    return ANSWER_IS_NO


@command.command("remove-limit")
@click.argument("limit_id")
@actor_option
@reason_option
@json_option
def remove_limit(limit_id: str, actor: str, reason: str, as_json: bool) -> int:
    """Take a limit out of force (exit code 3 when there is none of this id)."""
    control = RemoveLimit(limit_id, actor, reason, _now_ms())
    checked_value(control)
    log = controls_log(None)
    # Here, not above: the kill switch should not wait for what reads the log.
    from risk_stream.audit.changes import limits_in_force

    if any(one.control.limit.limit_id == limit_id for one in limits_in_force(log)):
        send(control, as_json)
        return DONE
    if as_json:
        print_json({"topic": load_settings().topic("controls"), "sent": None})
    click.echo(
        f"There is no limit {limit_id} in force (controls version {log.book.version}). Nothing was sent. "
        "`risk-stream limits list` shows those there are.",
        err=True,
    )
    return ANSWER_IS_NO


def checked_value(control: Control) -> bytes:
    """The record value of a command; a CommandError names the field that a worker would refuse it for."""
    value = encode_control(control)
    read_back = decode_control(value, control.ts)
    if isinstance(read_back, Fault):
        raise CommandError(f"{read_back.detail}\nNothing was sent.")
    return value


def send(control: Control, as_json: bool) -> int:
    """Put a command on the log, checked; returns when the broker took it, in epoch milliseconds."""
    settings = load_settings()
    value = checked_value(control)
    # Here, not above: a wrong command should not wait for the Kafka client.
    from risk_stream.cli.kafka import run
    from risk_stream.kafka.publish import Publisher

    topic, begun, acknowledged = settings.topic("controls"), False, list[int]()

    async def work() -> None:
        nonlocal begun
        async with Publisher(settings.connection(), topic) as publisher:
            begun = True
            acknowledged.append(await publisher.send_one(value))

    try:
        run(work(), settings)
    finally:  # whatever ended it: what took effect, or may have, is told
        if acknowledged and as_json:
            print_json({"topic": topic, "sent": value.decode()})
        elif acknowledged:
            click.echo(f"sent to {topic}: {value.decode()}", err=True)
        elif begun:
            click.echo(LOOK, err=True)
    return acknowledged[0]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
