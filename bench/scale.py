"""One worker and two on the same four partitions. Two need a core each and one for the broker to be twice as fast.

python -m bench.scale [--orders N] [--portfolios M] [--runs R] [--json]
"""

from bench.job import peers_job
from bench.shape import Shape
from bench.variants import Variant, main

WORKERS_MAX = 2


def variants(orders: int, portfolios: int) -> list[Variant]:
    """One to WORKERS_MAX processes."""
    shape = Shape(orders, portfolios)
    return [
        Variant(f"{count} worker{'s' if count > 1 else ''}", shape, peers_job(shape), count)
        for count in range(1, WORKERS_MAX + 1)
    ]


if __name__ == "__main__":
    raise SystemExit(main(__doc__, variants, orders=2_000_000))
