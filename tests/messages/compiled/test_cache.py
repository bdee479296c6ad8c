"""The folder of compiled code is renamed by a change in any source that compiled code may depend on."""

from pathlib import Path

import pytest

import risk_stream
from risk_stream.messages.compiled.cache import ROOMS, is_compiled, sources_digest

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
