"""A decision as a risk officer reads it: the answer, then every limit with what it saw."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from risk_stream.audit.offline import Answer, Observation
from risk_stream.messages.limit import Mode
from risk_stream.ops.visible import visible

WIDTH_MIN = 120
BEFORE_LIMITS = ("INVALID_ORDER", "DUPLICATE_ORDER_ID", "HALTED", "REDUCING")
STYLES = {"violated": "bold red", "warned": "yellow", "passed": "green"}


def show(answer: Answer, observations: Sequence[Observation]) -> None:
    """Print it to stdout."""
    # What is printed is a text of a message or of the limits, never markup: ids may have brackets or :x: in them.
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and console.width < WIDTH_MIN:  # a pipe has no width; nothing should be cut off there
        console.width = WIDTH_MIN
    decision = answer.decision
    style = "bold green" if decision["decision"] == "APPROVED" else "bold red"
    console.print(decision["decision"], style=style, end="")
    console.print(visible(f" {decision['code']}  order {decision['order_id']}, portfolio {decision['portfolio_id']}"))
    if "detail" in decision:
        console.print(visible(decision["detail"]))
    if decision["code"] in BEFORE_LIMITS:
        console.print("No limit was evaluated.")
        for event in answer.events:
            console.print(visible(f"{event['event']} by a value: {event['limit_id']}, {_numbers(event)}"))
    elif observations:
        console.print(_table(answer, observations))


def _numbers(event: dict[str, Any]) -> str:
    return f"observed {event['observed'] or event['reason']}, threshold {event['threshold']}, action {event['action']}"


def _table(answer: Answer, observations: Sequence[Observation]) -> Table:
    levels = {event["limit_id"]: event["event"] for event in answer.events if event["trigger"] == "ORDER"}
    table = Table(box=None, pad_edge=False)
    for name in ("limit", "kind"):
        table.add_column(name, overflow="fold")
    for name in ("observed", "threshold", "utilisation"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("result")
    for one in sorted(observations, key=lambda one: one.limit.limit_id):
        table.add_row(*_row(one, levels.get(one.limit.limit_id)))
    return table


def _row(one: Observation, event: str | None) -> tuple[str | Text, ...]:
    limit = one.limit
    utilisation = f"{float(one.utilisation):.1%}" if one.utilisation else "-"
    numbers = one.observed or "-", limit.threshold_text, utilisation
    return visible(limit.limit_id), str(limit.kind), *numbers, _result(one, event)


def _result(one: Observation, event: str | None) -> str | Text:
    if not one.evaluated:
        return "paused" if one.limit.mode is Mode.PAUSED else "does not apply"
    word = {"DETECTED": "violated", "WARNING": "warned"}.get(event or "", "passed")
    notes = [f"action {one.limit.action}"] if word == "violated" else []
    notes += [one.reason] if one.reason else []
    notes += ["shadow"] if one.limit.mode is Mode.SHADOW else []
    return Text.assemble((word, STYLES[word]), f" ({', '.join(notes)})" if notes else "")
