"""One compiled function out of several with the same arguments: a jump by number to a direct call.

It is what an `elif` for each of them compiles to. A chain of closures, each of which compares one number, would need no
such code, but inlined it pulls all kinds into one body: 0.4 us an order slower, and half as long again to compile.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def one_of(functions: Mapping[int, Callable[..., None]]) -> Callable[..., None]:
    """A function for compiled code: a number, then the arguments of the function of that number, which must exist."""
    type_of: Any = numba.typeof
    callees = {number: type_of(function) for number, function in functions.items()}

    @intrinsic
    def chosen(typing: Any, number: Any, *arguments: Any) -> Any:
        signatures = {n: typing.resolve_function_type(callee, arguments, {}) for n, callee in callees.items()}

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            passed = cgutils.unpack_tuple(builder, values[1])  # type: ignore[no-untyped-call]
            end = builder.append_basic_block("end")
            jump = builder.switch(values[0], end)
            for n, callee in callees.items():
                block = builder.append_basic_block(f"number_{n}")
                jump.add_case(ir.Constant(values[0].type, n), block)
                builder.position_at_end(block)
                context.get_function(callee, signatures[n])(builder, passed)
                builder.branch(end)
            builder.position_at_end(end)
            return context.get_dummy_value()

        rest = types.StarArgTuple(arguments)  # type: ignore[no-untyped-call]
        return types.none(number, rest), generate

    return chosen
