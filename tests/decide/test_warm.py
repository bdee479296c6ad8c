"""After the warm-up nothing is compiled any more, whatever comes."""

import subprocess
import sys

PROGRAM = """
import sys
from risk_stream.decide.warm import warm_up
from numba.core.registry import CPUDispatcher
warm_up()

def compiled():
    return {
        (name, attribute, str(signature))
        for name, module in list(sys.modules.items()) if name.startswith("risk_stream.")
        for attribute, value in vars(module).items() if isinstance(value, CPUDispatcher)
        for signature in value.nopython_signatures
    }

before = compiled()
assert len(before) > 50, len(before)
from tests.decide.compare import compare
for seed in (11, 12):
    compare(seed, 1000, None)
print(sorted(compiled() - before))
"""


def test_nothing_is_compiled_after_the_warm_up() -> None:
    """Random streams of all kinds, on small resident sets, find every compiled function ready."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
