"""Reading a scenario table: plain lines a risk officer can check, under `==` titles. README.md explains them."""

from dataclasses import dataclass, field
from pathlib import Path

INPUT_WORDS = frozenset(
    {
        *("limit", "remove", "halt", "reduce", "resume", "override", "rebase"),
        *("value", "fill", "partial", "cancel", "expire", "reject"),
        *("order", "raw"),
    }
)
ANSWER_WORDS = frozenset({"expect", "lists", "shadow", "event", "dead", "inputs"})
SETTING_WORDS = frozenset({"time", "partition"})


@dataclass(frozen=True)
class Line:
    """One line: its first word, the words after it, and where it stands."""

    word: str
    rest: list[str]
    text: str
    number: int


@dataclass
class Step:
    """An input (or a setting) and the answers the table expects to it, all of them and in this order."""

    line: Line
    answers: list[Line] = field(default_factory=list)


@dataclass
class Scenario:
    """A title and its steps, run from an empty state."""

    title: str
    steps: list[Step] = field(default_factory=list)


def read_table(path: Path) -> list[Scenario]:
    """All scenarios of a file."""
    scenarios: list[Scenario] = []
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = raw.split(" # ")[0].strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("=="):
            scenarios.append(Scenario(text.strip("= ")))
            continue
        word, *rest = text.split()
        add_line(scenarios[-1], Line(word, rest, text, number))
    return scenarios


def add_line(scenario: Scenario, line: Line) -> None:
    """Start a step, or add an answer to the last one."""
    if line.word in ANSWER_WORDS:
        scenario.steps[-1].answers.append(line)
    elif line.word in INPUT_WORDS or line.word in SETTING_WORDS:
        scenario.steps.append(Step(line))
    else:
        raise ValueError(f"line {line.number}: what is {line.word!r}?")
