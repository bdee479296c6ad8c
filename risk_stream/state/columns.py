"""Many arrays as one argument of compiled code: a table of addresses behind a single pointer.

A tuple of forty arrays would be 280 machine words in the signature of every function: minutes to compile, and copied at
each call that is not inlined. Here compiled code gets one address; `columns.name` loads the array's address and length
from the table. The Python object owns the arrays and must outlive the call; arrays may be replaced between calls.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import (
    NativeValue,
    intrinsic,
    models,
    overload_attribute,
    overload_method,
    register_model,
    typeof_impl,
    unbox,
)

from risk_stream.state.room import Room

CELLS = 2
"""Numbers a column in the table: address and length."""

Array = npt.NDArray[Any]
Spec = dict[str, tuple[np.dtype[Any], tuple[int, ...]]]


class Columns:
    """Base of a set of columns; a subclass names them in `SPEC`: dtype, and the shape behind the first dimension."""

    SPEC: ClassVar[Spec] = {}

    def __init__(self, arrays: dict[str, Array]) -> None:
        self.arrays: dict[str, Array] = {}
        self._rooms: dict[str, Room] = {}
        self.table = np.zeros(CELLS * len(self.SPEC), np.int64)
        self.address = self.table.ctypes.data
        for name, array in arrays.items():
            self.replace(name, array)

    def replace(self, name: str, array: Array) -> None:
        """Put an array in the place of a column; it must be of the column's dtype and shape, and contiguous."""
        dtype, shape = self.SPEC[name]
        if array.dtype != dtype or array.shape[1:] != shape or not array.flags.c_contiguous:
            raise TypeError(f"column {name}: {array.dtype} {array.shape} is not {dtype} (n, *{shape})")
        place = CELLS * list(self.SPEC).index(name)
        self._rooms.pop(name, None)  # what is put there does not lie in the room that the column had
        self.arrays[name] = array
        self.table[place] = array.ctypes.data
        self.table[place + 1] = array.shape[0]
        setattr(self, name, array)

    def lengthen(self, name: str, wanted: int) -> None:
        """Give a column at least `wanted` rows, the new ones of zeros."""
        array = self.arrays[name]
        if wanted <= len(array):
            return
        room = self._rooms.get(name) or Room()
        self.replace(name, room.lengthened(array, room.length_for(array, wanted)))
        self._rooms[name] = room


class ColumnsType(types.Type):
    """What compiled code knows a set of columns as; one subclass a set, so that each has attributes of its own."""

    def __init__(self) -> None:
        super().__init__(name=type(self).__name__)


class AddressModel(models.PrimitiveModel):
    """An address as 64 bits."""

    def __init__(self, manager: Any, front_end_type: Any) -> None:
        super().__init__(manager, front_end_type, ir.IntType(64))


@intrinsic
def load_cell(context: Any, columns: Any, index: Any) -> Any:
    """The number at a place of the table."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, place = arguments
        table = builder.inttoptr(address, ir.IntType(64).as_pointer())
        return builder.load(builder.gep(table, [place]))

    return types.int64(columns, types.int64), generate


@intrinsic
def as_pointer(context: Any, address: Any) -> Any:
    """A number as an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), generate


def _attribute(numba_type: type[ColumnsType], name: str, place: int, dtype: Any, shape: tuple[int, ...]) -> None:
    address_at, length_at = CELLS * place, CELLS * place + 1

    # The shape decides which body is compiled: the number of dimensions is part of an array's type.
    width, depth = (*shape, 0, 0)[:2]

    @overload_attribute(numba_type, name, inline="never")
    def column(columns: Any) -> Callable[[Any], Array]:
        def one(columns: Any) -> Array:
            return numba.carray(as_pointer(load_cell(columns, address_at)), (load_cell(columns, length_at),), dtype)

        def two(columns: Any) -> Array:
            shape = (load_cell(columns, length_at), width)
            return numba.carray(as_pointer(load_cell(columns, address_at)), shape, dtype)

        def three(columns: Any) -> Array:
            shape = (load_cell(columns, length_at), width, depth)
            return numba.carray(as_pointer(load_cell(columns, address_at)), shape, dtype)

        return (one, two, three)[len(shape)]


def numbered(numba_type: type[ColumnsType], method: str, spec: dict[str, Any], first: str) -> None:
    """Let `columns.method(i)` be the i-th column from `first` on; all of them are of the dtype of `first`."""
    place = list(spec).index(first)
    dtype = spec[first][0]

    @overload_method(numba_type, method, inline="never")
    def column(columns: Any, index: Any) -> Callable[[Any, Any], Array]:
        def of(columns: Any, index: Any) -> Array:
            at = CELLS * (place + np.int64(index))
            return numba.carray(as_pointer(load_cell(columns, at)), (load_cell(columns, at + 1),), dtype)

        return of


def register(python_type: type[Columns], numba_type: type[ColumnsType]) -> None:
    """Teach the compiler a set of columns."""
    instance = numba_type()
    register_model(numba_type)(AddressModel)

    @typeof_impl.register(python_type)
    def type_of(value: Any, context: Any) -> ColumnsType:
        return instance

    @unbox(numba_type)
    def unbox_columns(typ: Any, value: Any, context: Any) -> NativeValue:
        address = context.pyapi.object_getattr_string(value, "address")
        native = context.pyapi.long_as_longlong(address)
        context.pyapi.decref(address)
        return NativeValue(native)

    for place, (name, (dtype, shape)) in enumerate(python_type.SPEC.items()):
        _attribute(numba_type, name, place, dtype, shape)
