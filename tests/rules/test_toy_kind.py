"""Adding a kind of limit: one file and one row (toy_kind/recipe.py), and it decides, validates and has a schema."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.rules.toy_kind.recipe import KIND, add_kind
from tests.scenarios.table import read_table

ROOT = Path(__file__).parents[2]
LIMIT = {"limit_id": "p", "kind": KIND, "threshold": "100"}
FILE = f"""
actor = "jane"
reason = "toy"

[[limits]]
limit_id = "p"
kind = "{KIND}"
threshold = "100.00000001"
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package, and the toy kind in it."""
    folder = tmp_path_factory.mktemp("toy")
    shutil.copytree(ROOT / "risk_stream", folder / "risk_stream", ignore=shutil.ignore_patterns("__pycache__"))
    add_kind(folder / "risk_stream")
    return folder


def run_in(copy: Path, *command: str) -> str:
    """Run a module with the copy in place of the package; its output."""
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(copy), str(ROOT)]),
        "RISK_STREAM_COMPILED_DIR": str(copy / "compiled"),
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", *command], cwd=copy, env=env, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(600)  # compiles the engine with the kind in it: 50 s of CPU
def test_it_decides_as_its_table_says(copy: Path) -> None:
    """The engine, compiled anew, answers the scenario table of the kind line by line."""
    table = read_table(ROOT / "tests" / "rules" / "toy_kind" / "max_order_price.txt")
    assert run_in(copy, "tests.rules.toy_kind", str(copy)) == f"{len(table)}\n"


def test_it_has_a_schema_and_a_place_in_the_limits_file(copy: Path) -> None:
    """Both follow from the types: the written schema takes the kind, and so does `limits validate`."""
    run_in(copy, "risk_stream.messages.schema", str(copy / "schemas"))
    written = json.loads((copy / "schemas" / "limit.json").read_text("utf-8"))
    jsonschema.validate(LIMIT, written)
    (copy / "limits.toml").write_text(FILE)
    assert "1 limits, all valid" in run_in(copy, "risk_stream", "limits", "validate", "limits.toml")


def test_without_it_nobody_knows_the_kind() -> None:
    """The package itself is as it was."""
    ours = json.loads((ROOT / "schemas" / "limit.json").read_text("utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(LIMIT, ours)
