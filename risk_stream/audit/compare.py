"""One output topic of a partition beside what its steps must have published: a merge that survives every damage.

Equal steps, nearly all, are compared as whole lists. In a step that differs each record is identified, so that one
missing record is one finding and not a shift of everything behind it.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from risk_stream.audit.findings import Kind
from risk_stream.audit.identity import Identify, Identity, Place
from risk_stream.audit.recorded import Cursor, Headers, Recorded

LOOKAHEAD = 1_000
"""Records looked at beyond a step that differs: so many may be out of place together."""

REMEMBERED = 100_000
"""Identities of published events remembered, about 20 MB: what comes again within them is called a duplicate."""

Handled = dict[str, tuple[int, int]]
"""The half-open offset range of each input that a step handled."""


class Expected(NamedTuple):
    """What a step publishes on a topic: three equally long lists."""

    keys: list[bytes | None]
    values: list[bytes | None]
    headers: list[Headers]


class Difference(NamedTuple):
    """A record that is not as it must be: where it stands, what it holds, what it should hold."""

    kind: Kind
    subject: str | None
    offset: int | None
    key: bytes | None
    recorded: bytes | None
    expected: bytes | None
    text: str


class Memory:
    """The identities of the last records that a topic rightly had."""

    def __init__(self) -> None:
        self._order: deque[str] = deque(maxlen=REMEMBERED)
        self._known: set[str] = set()

    def add(self, subject: str) -> None:
        """Remember one, forget the oldest."""
        if len(self._order) == REMEMBERED:
            self._known.discard(self._order[0])
        self._order.append(subject)
        self._known.add(subject)

    def __contains__(self, subject: str) -> bool:
        return subject in self._known


class TopicComparer:
    """Walks an output topic step by step."""

    def __init__(self, cursor: Cursor, identify: Identify, first: int, decisions: bool) -> None:
        self._cursor = cursor
        self._identify = identify
        self._decisions = decisions
        self._trimmed = first > 0
        self._memory = Memory()
        self.not_kept = 0
        """Published records that retention has taken from the topic's beginning."""
        self.lost_tail = 0
        """Published records that would stand behind the topic's last one."""
        self.lost_first: str | None = None

    async def compare(self, expected: Expected, handled: Handled) -> list[Difference]:
        """The differences of one step, which handled these ranges of each input."""
        count = len(expected.values)
        part = await self._cursor.peek(count)
        if _equal(part, expected) and not self._trimmed:
            self._cursor.skip(count)
            self._remember(expected)
            return []
        if self._trimmed and await self._is_not_kept(expected):
            return []
        return await self._align(expected, handled)

    async def rest(self) -> Recorded:
        """The next records behind the last step compared."""
        part = await self._cursor.peek(LOOKAHEAD)
        self._cursor.skip(len(part.offsets))
        return part

    def identity(self, value: bytes | None, headers: Headers) -> Identity | None:
        """What a record says it is."""
        return self._identify(value, headers)

    def stray(self, identity: Identity | None, handled: Handled) -> tuple[Kind, str]:
        """What to call a record that no step has published where it stands."""
        if identity is None:
            return Kind.INVENTED, "no step published it; it cannot be read"
        place = identity.place
        # An order of an earlier step has had its decision, so one more is a repeat; events have to be remembered.
        answered = self._decisions and place is not None and place.offset < handled[place.topic][0]
        if answered or identity.subject in self._memory:
            return Kind.DUPLICATED, "it stands there once more"
        return Kind.INVENTED, "no step published it"

    def _remember(self, expected: Expected) -> None:
        # A decision is known to be a repeat by its place, so only the rarer events need remembering.
        if not self._decisions:
            for value, headers in zip(expected.values, expected.headers, strict=True):
                identity = self._identify(value, headers)
                if identity is not None:
                    self._memory.add(identity.subject)

    async def _is_not_kept(self, expected: Expected) -> bool:
        """Whether the whole step lies before the first record that retention left."""
        first = await self._cursor.peek(1)
        if not expected.values:
            return True
        identities = [self._identify(value, headers) for value, headers in zip(*expected[1:], strict=True)]
        known = self._identify(first.values[0], first.headers[0]) if first.offsets else None
        if known not in identities:
            self.not_kept += len(identities)
            return True
        self._trimmed = False
        return False

    async def _align(self, expected: Expected, handled: Handled) -> list[Difference]:
        wanted = [self._identify(value, headers) for value, headers in zip(*expected[1:], strict=True)]
        index = {identity.subject: i for i, identity in enumerate(wanted) if identity is not None}
        window = await self._cursor.peek(len(wanted) + LOOKAHEAD)
        found = [self._identify(value, headers) for value, headers in zip(window.values, window.headers, strict=True)]
        length = _belonging(found, index, handled)
        while length < len(window.offsets) and found[length] is None and length < len(wanted):
            length += 1  # unreadable, where something is missing: damaged, not inserted
        self._cursor.skip(length)
        at_end = length == len(window.offsets)
        pairs = self._pair(window.part(0, length), found[:length], expected, wanted, index, handled, at_end)
        differences = list(pairs)
        self._remember(expected)
        return differences

    def _pair(
        self,
        part: Recorded,
        found: list[Identity | None],
        expected: Expected,
        wanted: list[Identity | None],
        index: dict[str, int],
        handled: Handled,
        at_end: bool,
    ) -> Iterator[Difference]:
        matched: set[int] = set()
        present = {index[one.subject] for one in found if one is not None and one.subject in index}
        absent = deque(i for i in range(len(wanted)) if i not in present)
        highest = -1
        for at, identity in enumerate(found):
            i = index.get(identity.subject, -1) if identity is not None else -1
            if i in matched:
                yield _difference(Kind.DUPLICATED, part, at, identity, None, "it stands there once more")
            elif i >= 0:
                matched.add(i)
                if i < highest:
                    yield _difference(Kind.MISPLACED, part, at, identity, None, "it stands behind later ones")
                highest = max(highest, i)
                if not _same(part, at, expected, i):
                    text = _what_differs(part, at, expected, i)
                    yield _difference(Kind.CORRUPTED, part, at, identity, expected.values[i], text)
            elif absent and absent[0] == highest + 1 and not self._is_known(identity, handled):
                i = absent.popleft()
                highest = i
                text = "another record stands in its place" if identity else "an unreadable record stands in its place"
                yield _difference(Kind.CORRUPTED, part, at, wanted[i], expected.values[i], text)
            else:
                kind, text = self.stray(identity, handled)
                yield _difference(kind, part, at, identity, None, text)
        for i in absent:
            lost = wanted[i]
            subject = lost.subject if lost is not None else None
            if at_end and i > highest:  # a cut-off tail is one finding, not thousands
                self.lost_tail += 1
                self.lost_first = self.lost_first or subject
                continue
            text = "its step published it, and it is not there"
            yield Difference(Kind.MISSING, subject, None, expected.keys[i], None, expected.values[i], text)

    def _is_known(self, identity: Identity | None, handled: Handled) -> bool:
        return self.stray(identity, handled)[0] is Kind.DUPLICATED


def _belonging(found: list[Identity | None], index: dict[str, int], handled: Handled) -> int:
    """How many of the records ahead are of this step, or of none that is still to come."""
    length = 0
    for at, identity in enumerate(found):
        if identity is not None and (identity.subject in index or _is_handled(identity.place, handled)):
            length = at + 1
    return length


def _is_handled(place: Place | None, handled: Handled) -> bool:
    return place is not None and place.offset < handled[place.topic][1]


def _equal(part: Recorded, expected: Expected) -> bool:
    return part.values == expected.values and part.keys == expected.keys and part.headers == expected.headers


def _same(part: Recorded, at: int, expected: Expected, i: int) -> bool:
    return (part.keys[at], part.values[at], part.headers[at]) == tuple(column[i] for column in expected)


def _what_differs(part: Recorded, at: int, expected: Expected, i: int) -> str:
    if part.values[at] != expected.values[i]:
        return "its payload is not what the recorded inputs give"
    return "its key is another" if part.keys[at] != expected.keys[i] else "its headers are others"


def _difference(
    kind: Kind, part: Recorded, at: int, identity: Identity | None, expected: bytes | None, text: str
) -> Difference:
    subject = identity.subject if identity is not None else None
    return Difference(kind, subject, part.offsets[at], part.keys[at], part.values[at], expected, text)
