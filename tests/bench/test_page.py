"""The page of figures says how each was measured."""

from pathlib import Path

from bench.page import SECTIONS
from bench.systems import SYSTEMS

PAGE = (Path(__file__).parents[2] / "risk_stream" / "docs" / "performance.md").read_text("utf-8")


def test_every_command_of_make_bench_is_on_the_page() -> None:
    """With the settings that `make bench` uses."""
    assert [one.name for one in SECTIONS if f"    {one.command(small=False)}".rstrip() not in PAGE] == []


def test_every_system_is_described() -> None:
    """By the name that the tables use."""
    assert [name for name in SYSTEMS if f"| `{name}` |" not in PAGE] == []
