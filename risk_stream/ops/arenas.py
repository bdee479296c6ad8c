"""How many arenas the C library's allocator spreads a worker's memory over."""

import ctypes

M_ARENA_MAX = -8  # malloc.h of the GNU C library, 2.10 and later

ARENAS_MAX = 2
"""A thread that finds an arena in use makes another, up to eight a core, and what is freed in one serves no other:
200 MB of 1.5 GB after 2.5 million orders (docs/performance.md). Two keep RocksDB's threads apart from the loop's."""


def share_arenas() -> bool:
    """To be called before there are threads; False, and no harm, where the C library has no such setting."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(M_ARENA_MAX, ARENAS_MAX))
