"""What a demo shows: progress on stderr while it runs, then the summary."""

from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from risk_stream.demo.summary import WINDOWS, Summary


class Screen:
    """On a terminal a bar for what is under way; elsewhere a line for each thing that begins."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(SpinnerColumn(), *columns, TextColumn("{task.fields[note]}"), console=self._console)
        self._task = self._bar.add_task("", note="", visible=False)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.remove_task(self._task)
            self._bar.stop()

    def line(self, text: str) -> None:
        """Something to know."""
        self._console.print(text, markup=False)

    def stage(self, text: str, total: int | None = None) -> None:
        """Something begins, of `total` steps where they can be counted."""
        if self._console.is_terminal:
            self._bar.remove_task(self._task)
            self._task = self._bar.add_task(text, total=total, note="")
        else:
            self.line(text if total is None else f"{text}: {total}")

    def step(self, done: int, note: str = "") -> None:
        """So much of it is done."""
        self._bar.update(self._task, completed=done, note=note)


def show(summary: Summary, *, to_stderr: bool) -> None:
    """The summary for people: on stdout, or beside the JSON."""
    console = Console(stderr=to_stderr, highlight=False)
    approved, rejected = summary.approved, summary.decisions - summary.approved
    console.print(
        f"\n[bold]{summary.orders} orders[/] of {summary.portfolios} portfolios: {summary.decisions} decisions"
    )
    console.print(f"{approved} approved, {rejected} rejected, {summary.violation_count} violation events\n")
    console.print(_counts("decisions by code", summary.codes))
    console.print(_counts("limits violated or warned", summary.violations))
    if summary.dead_letters:
        console.print(_counts("dead letters by reason", summary.dead_letters))
    console.print(_worst(summary))
    for text in _measured(summary):
        console.print(text, soft_wrap=True)
    for text in summary.verdict.differences:
        console.print(text, style="red", markup=False)
    style = "bold green" if summary.verified else "bold red"
    compared = f"{summary.verdict.compared} payloads compared with the naive model's"
    console.print(f"\n[{style}]verified: {str(summary.verified).lower()}[/] ({compared})")


def _counts(title: str, counts: Counter[str]) -> Table:
    table = Table(box=None, title=title, title_justify="left", show_header=False, pad_edge=False)
    table.add_column(min_width=24)
    table.add_column(justify="right")
    for name, count in counts.most_common():
        table.add_row(name, str(count))
    return table


def _worst(summary: Summary) -> Table:
    table = Table(box=None, title="worst drawdowns, from the peak of each window", title_justify="left", pad_edge=False)
    table.add_column("portfolio")
    table.add_column("value", justify="right")
    for window in WINDOWS:
        table.add_column(window, justify="right")
    table.add_column("state")
    for one in summary.worst:
        falls = [one["drawdowns"][window] for window in WINDOWS]
        table.add_row(
            one["portfolio_id"],
            f"{float(one['total_value'] or 0):,.2f}",
            *("-" if fall is None else f"{float(fall):.1%}" for fall in falls),
            one["trading_state"],
        )
    return table


def _measured(summary: Summary) -> list[str]:
    """How fast it was, and how that was measured."""
    played, texts = summary.played, []
    if played.busy_orders:
        hurt = ", the worker ended and started again between" if played.hurt else ""
        texts.append(
            f"\nrate     {summary.orders_per_second:,.0f} orders/s: {played.busy_orders} orders sent at once, from the "
            f"first sent to the last decision read{hurt}"
        )
    p50, p99 = summary.latency_ms(0.5), summary.latency_ms(0.99)
    if p50 is not None and p99 is not None:
        texts.append(
            f"latency  p50 {p50:.1f} ms, p99 {p99:.1f} ms: {len(summary.latency_s)} orders sent at "
            f"{played.pace:,.0f}/s, each from sending it to reading its decision, in the demo's own process"
        )
    return texts
