"""Orders a second with 8 to 100 limits evaluated on each: with 100 at least 0.5 of the rate with 8.

python -m bench.limits [--orders N] [--portfolios M] [--runs R] [--json]
"""

from bench.job import many_limits_job
from bench.shape import Shape
from bench.variants import Variant, main

COUNTS = (8, 25, 50, 100)
RATIO_MIN = {100: 0.5}


def variants(orders: int, portfolios: int) -> list[Variant]:
    """The peers' limits, repeated under other names."""
    shape = Shape(orders, portfolios)
    return [
        Variant(f"{count} limits", shape, many_limits_job(shape, count), ratio_min=RATIO_MIN.get(count, 0.0))
        for count in COUNTS
    ]


if __name__ == "__main__":
    raise SystemExit(main(__doc__, variants))
