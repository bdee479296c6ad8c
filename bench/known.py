"""A million portfolios known and 1 % of the orders on any of them, beside 10,000: at least 0.5 of the rate.

    python -m bench.known [--orders N] [--portfolios M] [--runs R] [--json]

A worker holds 10,000 portfolios a partition in memory; the others lie in RocksDB.
"""

from bench.job import peers_job
from bench.shape import Shape
from bench.variants import Variant, main

KNOWN = 1_000_000
RATIO_MIN = 0.5


def variants(orders: int, portfolios: int) -> list[Variant]:
    """All in memory, and most not."""
    few, many = Shape(orders, portfolios), Shape(orders, portfolios, "cold", KNOWN)
    return [
        Variant(f"{portfolios} known", few, peers_job(few)),
        Variant(f"{KNOWN} known", many, peers_job(many), ratio_min=RATIO_MIN),
    ]


if __name__ == "__main__":
    raise SystemExit(main(__doc__, variants))
