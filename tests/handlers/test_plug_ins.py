"""Handlers that other packages offer: found by their entry points, refused with words when they are no use."""

import re
from pathlib import Path

import pytest

from risk_stream.handlers.log import LogHandler
from risk_stream.handlers.plug_ins import BUILT_IN, GROUP, HandlerError, chosen, plug_ins
from risk_stream.ops.load import load_settings
from tests.handlers.toy import install


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toy package, installed."""
    folder = install(tmp_path / "site")
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_built_in_ones_need_no_installation() -> None:
    """They are there in a checkout."""
    assert set(BUILT_IN) <= set(plug_ins())
    (log,) = chosen(["log", "log"])
    assert isinstance(log.create(load_settings({})), LogHandler)


def test_an_installed_one_is_found_and_made(toys: Path) -> None:
    """By the name of its entry point, with the package that brings it."""
    (toy,) = chosen(["to-file"])
    assert (toy.source, toy.target) == ("toy-handlers", "toy_handlers:create")
    assert type(toy.create(load_settings({}))).__name__ == "ToFile"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken", r"handler broken \(toy_handlers:create_broken\): RuntimeError: no licence"),
        ("nothing", "what it returns has no method `handle`"),
        ("missing", "AttributeError"),
    ],
)
def test_what_a_plug_in_does_wrong_is_said_with_its_name(toys: Path, name: str, said: str) -> None:
    """Whatever its code raises."""
    (one,) = chosen([name])
    with pytest.raises(HandlerError, match=said):
        one.create(load_settings({}))


def test_an_unknown_name_is_told_with_those_there_are(toys: Path) -> None:
    """A misspelt handler is an error, not silence."""
    with pytest.raises(HandlerError, match=r"no handler pager is installed \(there are log, webhook, .*to-file"):
        chosen(["log", "pager"])


@pytest.mark.parametrize("name", ["webhook", "to-file"])
def test_two_packages_may_not_offer_one_name(toys: Path, name: str) -> None:
    """Which of them would run would be chance."""
    install(toys, "rival", f"[risk_stream.violation_handlers]\n{name} = toy_handlers:create_broken\n")
    with pytest.raises(HandlerError, match=f"handler {name} is offered twice"):
        plug_ins()


def test_the_example_of_the_docs_is_a_plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/handlers.md shows can be installed and made."""
    page = (Path(__file__).parents[2] / "risk_stream" / "docs" / "handlers.md").read_text("utf-8")
    (entry_point,) = re.findall('violation_handlers"]\n(.*?)```', page, re.DOTALL)
    (module,) = re.findall("```python\n(.*?)```", page, re.DOTALL)
    folder = install(tmp_path / "site", entry_points=f"[{GROUP}]\n{entry_point.replace(chr(34), '')}")
    (folder / "desk_pager.py").write_text(module)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PAGER_KEY", "k")
    (pager,) = chosen(["pager"])
    assert type(pager.create(load_settings({}))).__name__ == "Pager"
