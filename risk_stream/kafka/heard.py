"""Since when the broker is silent. It answers a fetch even when it has nothing: silence is an answer that stays."""

from collections.abc import Mapping
from typing import Any


class Heard:
    """Answers of some that are asked, and when each newest one was seen first. What is no longer asked is forgotten."""

    def __init__(self) -> None:
        self._seen: dict[Any, tuple[object, float]] = {}

    def since(self, answers: Mapping[Any, object], now: float) -> float:
        """Of whichever answer has stayed for longest; `now` when nobody is asked. To be called again and again."""
        self._seen = {one: self._first_seen(one, answer, now) for one, answer in answers.items()}
        return min((at for _, at in self._seen.values()), default=now)

    def _first_seen(self, one: Any, answer: object, now: float) -> tuple[object, float]:
        known = self._seen.get(one)
        return (answer, now) if known is None or known[0] != answer else known
