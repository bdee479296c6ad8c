"""Runs the toy kind's table through the engine of the package that is first on the path."""

import sys
from pathlib import Path

import risk_stream
from tests.rules.toy_kind.recipe import MODULE
from tests.scenarios.engine_adapter import EngineDecider
from tests.scenarios.runner import run
from tests.scenarios.table import read_table


def main() -> None:
    """The argument is where the package must be; prints how many scenarios passed."""
    assert Path(risk_stream.__file__).is_relative_to(sys.argv[1]), risk_stream.__file__
    scenarios = read_table(Path(__file__).with_name(f"{MODULE}.txt"))
    for scenario in scenarios:
        run(scenario, EngineDecider)
    print(len(scenarios))


if __name__ == "__main__":
    main()
