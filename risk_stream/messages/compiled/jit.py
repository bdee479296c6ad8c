"""One decorator for every compiled function: fixed signature, cached on disk, no interpreter lock, no object mode.

A signature is fixed where the function is written, so that an unexpected argument type is an error and never a silent
compilation in mid-flight. Numbers are converted as it says: a float becomes an integer without a word. The disk cache
lies in a folder named by all sources (see cache.py).
"""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from numba import types
from numba.core import typeinfer
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher

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


class FixedDispatcher(CPUDispatcher):
    """A function with one signature, loaded or compiled when it is first called or compiled into another one.

    Most are only ever part of others, whose machine code holds them: to load all 360 takes a second a process.
    """

    _can_compile: bool  # of numba's, without a type

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.signature: Any = None
        """Set before anything else is done with it."""

    def load(self) -> None:
        """Have its machine code, from the disk where it is there; nothing else is compiled for it ever after."""
        with global_compiler_lock:
            if self._can_compile:
                with typeinfer.register_dispatcher(self):  # it may call itself
                    self.compile(self.signature)
                self.disable_compile()

    def __reduce__(self) -> Any:
        raise TypeError(f"{self.py_func.__name__}: import it where it is needed")

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """numba: a function that calls this one is being compiled."""
        self.load()
        return super().get_call_template(args, kws)

    def _compile_for_args(self, *_args: Any, **_keywords: Any) -> Any:
        """numba: called with these, and there is no machine code for them. What is returned is called instead."""
        self.load()
        return self


def compiled(result: Any, *arguments: Any, inline: bool = False) -> Callable[[F], F]:
    """Compile for exactly these types (numba types), once a version: later processes load it from disk."""
    signature = result(*arguments)
    options: dict[str, Any] = {"nopython": True, "nogil": True, "error_model": "numpy", "forceinline": inline}

    def decorate(function: F) -> F:
        dispatcher = FixedDispatcher(function, targetoptions=options)
        dispatcher.enable_caching()
        dispatcher.signature = signature
        return cast(F, dispatcher)

    return decorate


def load(function: Callable[..., Any]) -> None:
    """Have the machine code of a compiled function before it is called."""
    cast(FixedDispatcher, function).load()
