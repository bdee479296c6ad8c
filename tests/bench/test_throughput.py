"""The harness from end to end, small, and the worker's CPU an order beside the floor of the same minute."""

import asyncio

import pytest

from bench.report import table
from bench.shape import Shape
from bench.systems import SYSTEMS
from bench.throughput import run_all

ORDERS = 40_000
RATIO_MAX = 15.0
"""Of a worker's CPU an order to the bare transactional echo's: 4 to 6 in long runs, more while it is warming."""


@pytest.mark.broker
def test_a_worker_costs_a_few_times_the_bare_echo() -> None:
    """Both decide every order, the worker rightly."""
    systems = [SYSTEMS["echo_transactions"], SYSTEMS["risk_stream"]]
    echo, ours = runs = asyncio.run(run_all(systems, Shape(ORDERS, 1000), 1))
    assert (echo.orders, ours.orders) == (ORDERS, ORDERS)
    assert ours.limits_evaluated == 8
    assert ours.cpu_us_per_order <= RATIO_MAX * echo.cpu_us_per_order, table(runs, "risk_stream")
