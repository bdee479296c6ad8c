"""Lines come as they were, in bounded memory and in time that grows with the file alone."""

import asyncio
from pathlib import Path

import pytest

from risk_stream.cli.publish import _Lines
from risk_stream.cli.read_lines import CHUNK_BYTES, LINE_BYTES_MAX, read_lines


def lines_of(path: Path) -> list[bytes]:
    """All lines of a file."""

    async def work() -> list[bytes]:
        with path.open("rb") as file:
            return [line async for line in read_lines(file)]

    return asyncio.run(work())


@pytest.mark.parametrize("size", [CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, LINE_BYTES_MAX])
def test_lines_are_as_they_were_wherever_a_chunk_ends(tmp_path: Path, size: int) -> None:
    """Short ones, empty ones, and one over several chunks, with or without a line feed behind the last."""
    lines = [b"a", b"", b"x" * size, b"", b"\r", b"end"]
    path = tmp_path / "lines"
    for end in (b"", b"\n"):
        path.write_bytes(b"\n".join(lines) + end)
        assert lines_of(path) == lines
    path.write_bytes(b"")
    assert lines_of(path) == []


def test_of_a_line_that_is_too_long_only_a_beginning_is_kept(tmp_path: Path) -> None:
    """Long enough to show that it is too long; the next line is whole."""
    path = tmp_path / "lines"
    path.write_bytes(b"a\n" + b"x" * (4 * LINE_BYTES_MAX) + b"\nb\n" + b"y" * (3 * LINE_BYTES_MAX))
    first, long, second, last = lines_of(path)
    assert (first, second) == (b"a", b"b")
    for one in (long, last):
        assert LINE_BYTES_MAX < len(one) <= LINE_BYTES_MAX + CHUNK_BYTES


def test_a_line_that_is_too_long_is_a_bad_one_even_if_it_begins_with_blanks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named like the others."""
    path = tmp_path / "lines"
    path.write_bytes(b"\n" + b" " * (2 * LINE_BYTES_MAX) + b"{}\n")

    async def work() -> int:
        with path.open("rb") as file:
            lines = _Lines(file, "orders", progress=False)
            assert [record async for record in lines.records(2)] == []
            return lines.bad

    assert asyncio.run(work()) == 1
    assert capsys.readouterr().err.startswith("line 2: value: the line has over ")
