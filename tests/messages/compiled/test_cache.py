"""The folder of compiled code is renamed by a change in any source that compiled code may depend on."""

from pathlib import Path

import pytest

import risk_stream
from risk_stream.messages.compiled.cache import ROOMS, counted_sources, is_compiled, sources_digest
from risk_stream.messages.limit_kind import LimitKind

PACKAGE = Path(risk_stream.__file__).parent
SOURCES = [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_sources_that_count(path: Path) -> None:
    """Compiled functions and layouts always count."""
    source = path.read_text()
    if "\n@compiled" in source or "\n@intrinsic" in source or "np.dtype(" in source:
        assert is_compiled(source.encode())


def test_imports_do_not_count() -> None:
    """Using compiled code is not being compiled."""
    assert not is_compiled(b"from risk_stream.state.compiled import compiled\nx = 1\n")
    assert is_compiled(b"@compiled\ndef f(): ...\n")


def test_digest_follows_the_sources(tmp_path: Path) -> None:
    """A change in a counted source gives another digest, a change elsewhere does not."""
    for room in ROOMS:
        (tmp_path / room).mkdir(parents=True)
    counted, other = tmp_path / "state" / "a.py", tmp_path / "state" / "b.py"
    counted.write_text("LAYOUT = np.dtype([])\n")
    other.write_text("x = 1\n")
    first = sources_digest(tmp_path)
    other.write_text("x = 2\n")
    assert sources_digest(tmp_path) == first
    counted.write_text("LAYOUT = np.dtype([('a', int)])\n")
    assert sources_digest(tmp_path) != first


@pytest.mark.parametrize("name", ["instant", "decision", "violation", "limit", "limit_kind", "compiled/limit_pieces"])
def test_frozen_constants_count(name: str) -> None:
    """Compiled code holds copies of the clock skew, the codes, the severities and the numbers of a limit's pieces."""
    assert PACKAGE / "messages" / f"{name}.py" in counted_sources(PACKAGE)


@pytest.mark.parametrize("kind", LimitKind)
def test_the_files_of_the_kinds_count(kind: LimitKind) -> None:
    """No import names them: they are found by the kinds' names."""
    assert PACKAGE / "rules" / f"{kind.lower()}.py" in counted_sources(PACKAGE)


def test_decoders_do_not_count() -> None:
    """What only ordinary code imports may change without compiling anew."""
    assert PACKAGE / "messages" / "decode.py" not in counted_sources(PACKAGE)


def test_digest_follows_imported_constants(tmp_path: Path) -> None:
    """A constant that reaches a compiled function through two imports, one of them of a module, counts."""
    (tmp_path / "messages").mkdir()
    (tmp_path / "state").mkdir()
    bound = tmp_path / "messages" / "bound.py"
    bound.write_text("BOUND = 1\n")
    (tmp_path / "state" / "numbers.py").write_text("from risk_stream.messages.bound import (\n    BOUND,\n)\n")
    (tmp_path / "state" / "a.py").write_text("from risk_stream.state import numbers\n@compiled\ndef f(): ...\n")
    first = sources_digest(tmp_path)
    bound.write_text("BOUND = 2\n")
    assert sources_digest(tmp_path) != first
