"""All orders in one portfolio, beside the same number spread over many: at least 0.8 of the rate.

    python -m bench.hot [--orders N] [--portfolios M] [--runs R] [--json]

One portfolio lives on one partition: what the other three would do in parallel is missing too.
"""

from bench.job import peers_job
from bench.shape import Shape
from bench.variants import Variant, main

RATIO_MIN = 0.8


def variants(orders: int, portfolios: int) -> list[Variant]:
    """Spread, and hot."""
    spread, hot = Shape(orders, portfolios), Shape(orders, portfolios, "hot")
    return [Variant("spread", spread, peers_job(spread)), Variant("hot", hot, peers_job(hot), ratio_min=RATIO_MIN)]


if __name__ == "__main__":
    raise SystemExit(main(__doc__, variants))
