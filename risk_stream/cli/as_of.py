"""`risk-stream as-of`: a portfolio as it was at a moment."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from risk_stream.audit.span import Mark
from risk_stream.cli.archive_option import archive_option
from risk_stream.cli.audit_log import log_errors, open_log, progress_bar
from risk_stream.cli.failure import ANSWER_IS_NO, DONE
from risk_stream.cli.output import json_option, print_fields, print_json, print_line
from risk_stream.cli.replay import MarkType
from risk_stream.messages.instant import format_time
from risk_stream.ops.load import load_settings

if TYPE_CHECKING:
    from risk_stream.audit.as_of import AsOf
    from risk_stream.decide.inspect import PortfolioView


@click.command()
@archive_option
@click.option("--at", required=True, type=MarkType(), metavar="T|P@OFFSET", help="A time, or an order's place.")
@click.option("--portfolio", required=True, help="Which portfolio.")
@json_option
def command(archive: Path | None, at: Mark, portfolio: str, as_json: bool) -> int:
    """Show a portfolio behind every record that the broker had taken at a time, or as an order found it.

    Exposures of limits include open orders: headroom is what the next order may still add. Exit code 3 when nothing
    had been heard of the portfolio by then.
    """
    settings = load_settings()
    opened = open_log(archive, settings)
    # The engine takes two seconds to load: a wrong option should be told before.
    from risk_stream.audit.as_of import as_of
    from risk_stream.audit.log import ORDERS, VALUES
    from risk_stream.messages.murmur2 import partition_of

    async def work() -> "AsOf":
        async with opened() as log:
            place = partition_of(portfolio.encode(), log.partitions)
            bounds = [await log.bounds(topic, place) for topic in (ORDERS, VALUES)]
            with progress_bar("as of", sum(one.end - one.first for one in bounds)) as progress:
                return await as_of(log, portfolio, at, progress)

    with log_errors(settings):
        found = asyncio.run(work())
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        _show(found)
    return DONE if found.portfolio is not None else ANSWER_IS_NO


def _show(found: "AsOf") -> None:
    at = f"{found.at} (partition {found.partition}, step {found.step}, controls {found.controls})"
    if found.portfolio is None:
        click.echo(f"nothing had been heard of it at {at}")
    else:
        _show_portfolio(found.portfolio, at)
    if found.decided_later:
        click.echo(f"{found.decided_later} orders taken by then were decided behind what was taken later, here without")
    if found.undecided:
        click.echo(f"{found.undecided} records taken by then are not in it: no step has handled them")


def _show_portfolio(view: "PortfolioView", at: str) -> None:
    print_fields(
        {
            "portfolio": view.portfolio_id,
            "at": at,
            "last order": None if view.orders_at is None else format_time(view.orders_at),
            "last valuation": None if view.valued_at is None else format_time(view.valued_at),
            "trading state": view.trading_state,
            "total value": view.total_value,
            **{f"peak {name}": peak for name, peak in view.peaks.items()},
            **{f"drawdown {name}": fall for name, fall in view.drawdowns.items()},
            "gross exposure": view.gross_exposure,
            "net exposure": view.net_exposure,
            "open orders": view.open_orders,
        }
    )
    if view.positions:
        _table(
            ["symbol", "sector", "quantity", "mark", "value", "open buys", "open sells"],
            [
                [one.symbol, one.sector, one.quantity, one.mark, one.value, one.open_buys, one.open_sells]
                for one in view.positions
            ],
        )
    if view.limits:
        _table(
            ["limit", "of", "observed", "threshold", "headroom", "in money", "used"],
            [
                [
                    one.limit_id,
                    one.subject,
                    one.observed or one.note,
                    one.threshold,
                    one.headroom,
                    one.headroom_amount,
                    one.utilisation,
                ]
                for one in view.limits
            ],
        )


def _table(names: list[str], rows: list[list[str | None]]) -> None:
    texts = [names, *[[cell or "-" for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in texts) for i in range(len(names))]
    click.echo()
    for row in texts:
        print_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
