"""What is compiled has one signature, and is loaded when it is used: not before, and for no other types."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from risk_stream.messages.compiled.jit import FixedDispatcher
from risk_stream.messages.compiled.same_fields import same_bytes, same_fields

PROGRAM = """
from risk_stream.messages.compiled.same_fields import same_bytes, same_fields
import numpy as np
one = np.zeros(1, np.int64)
assert not same_fields.overloads
assert same_fields(np.zeros(1, np.uint8), one, one, np.zeros(1, np.uint8), one, one)
print(len(same_fields.overloads), len(same_bytes.overloads), sum(same_fields.stats.cache_misses.values()))
"""


def test_what_is_part_of_another_is_not_loaded() -> None:
    """From the disk, where this process has put it, comes only what is called."""
    one = np.zeros(1, np.int64)
    assert same_fields(np.zeros(1, np.uint8), one, one, np.zeros(1, np.uint8), one, one)
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1 0 0\n", "")


@pytest.mark.parametrize("wrong", [np.zeros(1, np.float64), np.zeros((1, 1), np.int64), 1, None])
def test_another_type_is_an_error(wrong: object) -> None:
    """Before and after it was loaded; nothing is compiled for it."""
    text, one = np.zeros(1, np.uint8), np.zeros(1, np.int64)
    fresh = FixedDispatcher(same_fields.py_func, targetoptions=same_fields.targetoptions)  # type: ignore[attr-defined]
    fresh.signature = same_fields.signature  # type: ignore[attr-defined]
    for function in (fresh, fresh, same_fields):
        with pytest.raises(TypeError, match="No matching definition"):
            function(text, wrong, one, text, one, one)  # type: ignore[arg-type]
    assert len(fresh.overloads) == 1
    assert same_bytes.overloads  # type: ignore[attr-defined]  # compiled into the fresh one


def test_it_is_imported_and_not_sent() -> None:
    """To another process it would come without its signature."""
    with pytest.raises(TypeError, match="same_fields: import it"):
        pickle.dumps(same_fields)
