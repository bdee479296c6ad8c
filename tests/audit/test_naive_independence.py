"""The naive model is an independent check only as long as it shares nothing with what it checks."""

import ast
import sys
from pathlib import Path

import risk_stream.audit.naive

FOLDER = Path(risk_stream.audit.naive.__file__).parent


def imported(path: Path) -> set[str]:
    """The modules a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return names


def test_imports_only_the_standard_library_and_itself() -> None:
    """No other part of the package, and no other package."""
    for path in FOLDER.glob("*.py"):
        for name in imported(path):
            own = name.startswith("risk_stream.audit.naive")
            assert own or name.split(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"
