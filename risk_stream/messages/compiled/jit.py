"""One decorator for every compiled function: fixed signature, cached on disk, no interpreter lock, no object mode.

A signature is fixed where the function is written, so that an unexpected argument type is an error and never a silent
compilation in mid-flight. The disk cache lies in a folder named by all sources (see cache.py).
"""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from risk_stream.messages.compiled.cache import use_cache_folder

use_cache_folder()

F = TypeVar("F", bound=Callable[..., Any])

# Text is read only: np.frombuffer(bytes) is, and a writable array converts to it without a second compilation.
TEXT = types.Array(types.uint8, 1, "C", readonly=True)
# Inside the codec text travels as a pointer: passing an array to a function counts references, atomically, at 5 ns a
# call. `array.ctypes` converts to it. Nothing checks its bounds: every function takes the end it must not pass.
POINTER = types.CPointer(types.uint8)  # type: ignore[no-untyped-call]
Bytes: TypeAlias = npt.NDArray[np.uint8]
BUFFER = types.Array(types.uint8, 1, "C")
INT64S = types.Array(types.int64, 1, "C", readonly=True)


def pair_of(first: Any, second: Any) -> Any:
    """The signature type of a tuple of two values."""
    return types.Tuple((first, second))  # type: ignore[no-untyped-call]


def rows_of(dtype: np.dtype[Any], *, readonly: bool = False) -> Any:
    """The signature type of a contiguous array of the structured `dtype`."""
    return types.Array(numba.from_dtype(dtype), 1, "C", readonly=readonly)


def compiled(result: Any, *arguments: Any, inline: bool = False) -> Callable[[F], F]:
    """Compile for exactly these types (numba types), when the module is imported; later imports load from disk.

    `inline` copies the body into its callers: for leaf functions of a few instructions only, it lengthens compilation.
    """
    signature = result(*arguments)
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "forceinline": inline}

    def decorate(function: F) -> F:
        return cast(F, numba.njit(signature, **options)(function))

    return decorate
