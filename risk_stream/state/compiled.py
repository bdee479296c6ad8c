"""How every compiled function of state, rules and decide is compiled: cached on disk, without the interpreter lock."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

from risk_stream.messages.compiled.cache import use_cache_folder

P = ParamSpec("P")
R = TypeVar("R")

# Before the first function is defined. Unlike in the codec, the types of arguments come from the first call, which the
# warm-up makes before any partition is owned.
use_cache_folder()


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` with numba in nopython mode; the typed signature stays visible to the type checker.

    Fast-math stays off: ratios are defined as exact IEEE quotients, and a reassociated sum is another number.
    """
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
