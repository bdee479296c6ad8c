"""What the answer lines of a table say, and what a decider answered, in one common form."""

from collections.abc import Callable

from tests.scenarios.messages import split_options
from tests.scenarios.table import Line

Output = tuple[str, dict[str, object]]
Answer = dict[str, object]


def stated(line: Line, kind_of: Callable[[str], str]) -> Answer:
    """The answer a line states."""
    words, options = split_options(line.rest[: line.rest.index("of")] if "of" in line.rest else line.rest)
    match line.word:
        case "expect":
            answer: Answer = {"answer": "decision", "decision": words[0], "code": words[1]}
            if "evaluated" in options:
                answer["limits_evaluated"] = int(options["evaluated"])
            others = {name: text for name, text in options.items() if name != "evaluated"}
            return {**answer, **{name: None if text == "-" else text for name, text in others.items()}}
        case "dead":
            return {"answer": "dead letter", "reason": words[0]}
        case "inputs":
            named = {name: int(text) if name == "controls" else text for name, text in options.items()}
            return {"answer": "inputs", **{name: None if text == "-" else text for name, text in named.items()}}
        case "lists" | "shadow":
            limit_id, severity, observed = words
            return {"answer": line.word, "severity": severity, **measured(line, limit_id, observed, kind_of)}
    event, limit_id, severity, observed = words
    return {
        "answer": "event",
        "event": event,
        "severity": severity,
        **measured(line, limit_id, observed, kind_of),
        **subject_of(line),
    }


def measured(line: Line, limit_id: str, observed: str, kind_of: Callable[[str], str]) -> Answer:
    """LIMIT OBSERVED of THRESHOLD = UTILISATION; `-` is null, a reason code stands for what was not observed."""
    behind = line.rest[line.rest.index("of") + 1 :]
    reason = observed if observed.startswith(("NO_", "TOTAL_", "PEAK_")) else None
    return {
        "limit_id": limit_id,
        "kind": kind_of(limit_id),
        "observed": None if reason or observed == "-" else observed,
        "threshold": behind[0],
        "utilisation": behind[2] if behind[1:2] == ["="] and behind[2] != "-" else None,
        "reason": reason,
    }


def subject_of(line: Line) -> Answer:
    """The symbol or the sector an event of a valuation is about."""
    _, options = split_options(line.rest)
    return {"symbol": options.get("symbol"), "sector": options.get("sector")}


def given(outputs: list[Output]) -> list[Answer]:
    """A decider's outputs in the form of answers; the events of an order are folded into what its decision lists."""
    answers: list[Answer] = []
    for topic, payload in outputs:
        if topic == "dead-letters":
            answers.append({"answer": "dead letter", "reason": payload["reason"]})
        elif topic == "decisions":
            names = ("decision", "code", "limits_evaluated", "symbol", "ts", "detail_field")
            answers.append({"answer": "decision", **{name: payload.get(name) for name in names}})
            listed = payload["violations"]
            assert isinstance(listed, list)
            answers += [{"answer": "lists", "reason": None, **entry} for entry in listed]
        elif payload["trigger"] == "VALUE":
            answers.append({"answer": "event", **payload})
        elif payload["mode"] == "SHADOW":
            answers.append({"answer": "shadow", **payload})
    return answers
