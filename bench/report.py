"""Runs as a table and as JSON: every run, medians, and ratios of medians within one set of runs."""

import json
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count
from typing import Any

from bench.run import Run
from bench.shape import Shape

COLUMNS = (
    "system",
    "orders/s",
    "{base} / this",
    "CPU us/order",
    "broker CPU us/order",
    "RSS MB",
    "refused",
    "listed",
    "changelog rows/order",
    "bytes/row",
    "runs (orders/s)",
)
"""`refused` and `listed`: of 100 orders, refused ones, and violations and warnings that decisions name."""


def of_system(runs: Iterable[Run], system: str) -> list[Run]:
    """The runs of one system."""
    return [run for run in runs if run.system == system]


def median_rate(runs: Iterable[Run], system: str) -> float:
    """Median orders a second of a system."""
    return statistics.median(run.orders_per_second for run in of_system(runs, system))


def ratio(runs: Sequence[Run], system: str, to: str) -> float:
    """Median rate of a system over that of another."""
    return median_rate(runs, system) / median_rate(runs, to)


def table(runs: Sequence[Run], base: str) -> str:
    """A row a system, in the order of their first runs."""
    head = f"| {' | '.join(COLUMNS)} |".format(base=base)
    return "\n".join(
        [
            head,
            "|---|" + "---:|" * (len(COLUMNS) - 2) + "---|",
            *(_row(runs, system, base) for system in dict.fromkeys(run.system for run in runs)),
        ]
    )


def _row(runs: Sequence[Run], system: str, base: str) -> str:
    own = of_system(runs, system)
    last = own[-1]
    cells = (
        system,
        f"{median_rate(runs, system):,.0f}",
        f"{ratio(runs, base, system):.2f}" if of_system(runs, base) else "",
        f"{statistics.median(run.cpu_us_per_order for run in own):.2f}",
        f"{statistics.median(run.broker_cpu_us_per_order for run in own):.2f}",
        f"{statistics.median(run.rss_mb for run in own):.0f}",
        f"{100 - 100 * last.approved / last.orders:.1f} %" if last.approved else "",
        f"{100 * last.violations / last.orders:.1f} %" if last.limits_evaluated else "",
        f"{last.changelog.rows / last.orders:.2f}",
        f"{last.changelog.bytes_per_row:.0f}",
        ", ".join(f"{run.orders_per_second:,.0f}" for run in own),
    )
    return f"| {' | '.join(cells)} |"


def describe(run: Run) -> str:
    """A run as a line, for people who wait."""
    return (
        f"{run.system:<20} {run.orders_per_second:>10,.0f} orders/s  {run.cpu_us_per_order:>8.2f} us CPU/order  "
        f"{run.orders:>10,} decided, {run.approved:,} approved"
    )


def conditions() -> dict[str, Any]:
    """When and on what."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("risk-stream", "faust-streaming", "aiokafka", "numpy", "numba")},
    }


def as_json(shape: Shape, runs: Sequence[Run], **more: Any) -> str:
    """Everything, on one line."""
    told = {"conditions": conditions(), "shape": asdict(shape), "runs": [asdict(run) for run in runs]}
    return json.dumps(told | more)
