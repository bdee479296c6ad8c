"""Where a topic begins whose first records retention has deleted: told by the records that are left. Pure."""

from collections.abc import Mapping, Sequence

from risk_stream.audit.identity import Identity

Handled = dict[str, tuple[int, int]]
"""The half-open offset range of each input that a step handled."""


class Beginning:
    """The first records that are left of a topic; `ends` says how far each input reaches."""

    def __init__(self, left: Sequence[Identity | None], ends: Mapping[str, int]) -> None:
        self._is_empty = not left
        known = [one for one in left if one is not None]
        self._subjects = [one.subject for one in known]
        # A record that answers no input of this log is of no step, so it tells nothing of where steps begin.
        places = [one.place for one in known if one.place is not None]
        self._places = [place for place in places if place.offset < ends[place.topic]]

    def first_kept(self, index: Mapping[str, int], handled: Handled) -> int | None:
        """The index of a step's first record that retention has left; None when the step lies before them all.

        It lies before them when none of its records is left and one of a later step is. When neither is, what is left
        is foreign: nothing says that retention took the step's records, so they are looked for.
        """
        there = [index[subject] for subject in self._subjects if subject in index]
        if there:
            return min(there)
        is_before = any(place.offset >= handled[place.topic][1] for place in self._places)
        return None if is_before or self._is_empty else 0
