"""Memory asked for before it is needed: the state of many portfolios is far larger than the processor's caches."""

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LINE = 64
"""Bytes that come from memory at once, on the processors of today."""


def _prefetch(context: Any, array: Any, index: Any, offset: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        at = builder.add(builder.mul(arguments[1], found.itemsize), arguments[2])
        address = builder.gep(builder.bitcast(found.data, byte), [at])
        hint = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        called = builder.module.declare_intrinsic("llvm.prefetch", (byte,), hint)
        read, every_level, data = number(0), number(3), number(1)
        builder.call(called, [address, read, every_level, data])
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate


prefetch = cast(Callable[[Any, Any, Any], None], intrinsic(_prefetch))
"""In compiled code, prefetch(array, index, offset): start to load the line `offset` bytes behind an entry's start.

A hint: nothing is read or changed, and an address that is none is ignored (LLVM Language Reference, `llvm.prefetch`).
"""
