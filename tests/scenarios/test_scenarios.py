"""Every scenario table, against every decider."""

from pathlib import Path

import pytest

from risk_stream.audit.naive import NaiveModel
from tests.scenarios.engine_adapter import EngineDecider
from tests.scenarios.runner import MakeDecider, run
from tests.scenarios.table import Scenario, read_table

TABLES = sorted((Path(__file__).parent / "tables").glob("*.txt"))
SCENARIOS = [
    pytest.param(scenario, id=f"{path.stem}: {scenario.title}") for path in TABLES for scenario in read_table(path)
]
DECIDERS: dict[str, MakeDecider] = {"naive": NaiveModel, "engine": EngineDecider}


@pytest.mark.parametrize("decider", DECIDERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: Scenario, decider: str) -> None:
    """Each line is answered exactly as the table states."""
    run(scenario, DECIDERS[decider])
