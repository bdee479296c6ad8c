"""The architecture as a test: who may import whom, and what the pure core may never touch."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "risk_stream"

ROOMS = ("messages", "state", "rules", "decide", "audit", "kafka", "broker", "ops", "handlers", "demo", "cli")
"""From the inside out: a room imports itself and those before it, nothing behind it."""

CORE = ROOMS[:4]

OUTWARD = {"kafka": {"risk_stream.ops.health", "risk_stream.ops.metrics", "risk_stream.ops.settings"}}
"""Named exceptions: what the Kafka room reports into and is configured by; they must not lead back (no circles)."""

CORE_MODULES = {
    *("__future__", "base64", "collections", "contextlib", "dataclasses", "datetime", "decimal", "difflib", "enum"),
    *("functools", "hashlib", "itertools", "json", "math", "operator", "re", "string", "struct", "tomllib", "types"),
    *("typing", "llvmlite", "msgspec", "numba", "numpy", "orjson"),
}
"""What the core may import beside itself. No Faust, Kafka or asyncio, no clock, chance, file, network or logger."""

CORE_EXCEPTIONS = {
    "messages/compiled/cache.py": {"os", "pathlib", "shutil"},  # where compiled code is kept on disk
    "messages/schema.py": {"pathlib", "sys"},  # its main writes the schema files
    "rules/catalogue.py": {"importlib"},  # a kind's file is named as the kind
    "state/room.py": {"mmap"},  # memory only: no file behind it
}

CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
EFFECTS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}

SOURCES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
CORE_SOURCES = [name for name in SOURCES if name.split("/")[0] in CORE]


@cache
def tree_of(name: str) -> ast.Module:
    """A source file, parsed."""
    return ast.parse((PACKAGE / name).read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Every name a file imports with its module before it (`a.b` for `from a import b`), wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted(name: str) -> str:
    """A source file as a module: `risk_stream.state.text`."""
    return f"risk_stream.{name.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"


MODULES = frozenset(map(dotted, SOURCES))


def module_of(name: str) -> str | None:
    """The module of this package that an imported name is, or stands in."""
    return next((one for one in (name, name.rpartition(".")[0]) if one in MODULES), None)


def forbidden_calls(tree: ast.Module) -> Iterator[str]:
    """Calls that read a clock or reach outside."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in EFFECTS:
                yield name
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name) if (
                owner == "time" or (owner, name) in CLOCKS
            ):
                yield f"{owner}.{name}"


def test_every_file_stands_in_a_room() -> None:
    """No package beside the rooms, no module beside `__init__` and `__main__`."""
    rooms = {name.split("/")[0] for name in SOURCES if "/" in name}
    assert rooms <= set(ROOMS)
    assert {name for name in SOURCES if "/" not in name} <= {"__init__.py", "__main__.py"}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_inward(room: str) -> None:
    """A room imports itself and the rooms before it in the list."""
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    wrong = [
        f"{name}: {module}"
        for name in SOURCES
        if name.startswith(f"{room}/")
        for module in imported(tree_of(name))
        if module.startswith("risk_stream.")
        and module != "risk_stream.__version__"
        and module.split(".")[1] not in allowed
        and module_of(module) not in OUTWARD.get(room, set())
    ]
    assert wrong == []


def test_no_module_imports_itself_in_a_circle() -> None:
    """The modules have an order: whoever reads one has read all it needs before."""
    needs = {
        dotted(name): {found for one in imported(tree_of(name)) if (found := module_of(one)) and found != dotted(name)}
        for name in SOURCES
    }
    list(TopologicalSorter(needs).static_order())  # raises CycleError, which names the circle


def test_outward_exceptions_are_still_needed() -> None:
    """An exception that no file needs any more is taken off the list."""
    for room, modules in OUTWARD.items():
        files = [name for name in SOURCES if name.startswith(f"{room}/")]
        assert modules <= {module_of(one) for name in files for one in imported(tree_of(name))}


@pytest.mark.parametrize("room", CORE)
def test_core_imports_nothing_with_effects(room: str) -> None:
    """The core imports itself and a list of pure modules; exceptions are named file by file."""
    wrong = [
        f"{name}: {module}"
        for name in CORE_SOURCES
        if name.startswith(f"{room}/")
        for module in imported(tree_of(name))
        if module.split(".")[0] not in CORE_MODULES | {"risk_stream"} | CORE_EXCEPTIONS.get(name, set())
    ]
    assert wrong == []


@pytest.mark.parametrize("room", CORE)
def test_core_reads_no_clock_and_touches_nothing_outside(room: str) -> None:
    """No `time.time()`, no `datetime.now()`, no `open()`: by the syntax tree, so that no comment counts."""
    wrong = [
        f"{name}: {call}"
        for name in CORE_SOURCES
        if name.startswith(f"{room}/") and name not in CORE_EXCEPTIONS
        for call in forbidden_calls(tree_of(name))
    ]
    assert wrong == []


def test_exceptions_are_still_needed() -> None:
    """An exception that no file needs any more is taken off the list."""
    for name, modules in CORE_EXCEPTIONS.items():
        used = {module.split(".")[0] for module in imported(tree_of(name))}
        assert modules <= used, name
