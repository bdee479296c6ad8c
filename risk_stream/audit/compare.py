"""One output topic of a partition beside what its steps must have published: a merge that survives every damage.

Equal steps, nearly all, are compared as columns of bytes. In a step that differs each record is identified, so that
one missing record is one finding and not a shift of everything behind it.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from risk_stream.audit.cursor import Cursor
from risk_stream.audit.findings import Kind
from risk_stream.audit.identity import Identify, Identity, Place
from risk_stream.audit.trimmed import Beginning, Handled
from risk_stream.messages.compiled.same_fields import same_records
from risk_stream.messages.packed import Event, Packed
from risk_stream.messages.records import Recorded

LOOKAHEAD = 1_000
"""Records looked at beyond a step that differs: so many may be out of place together."""

REMEMBERED = 100_000
"""Identities of published events remembered, about 20 MB: what comes again within them is called a duplicate."""


class _Part(NamedTuple):
    """Recorded records one by one."""

    offsets: list[int]
    events: list[Event]


class Difference(NamedTuple):
    """A record that is not as it must be: where it stands, what it is, what it should be.

    TRUNCATED: it would stand behind the topic's last one.
    """

    kind: Kind
    subject: str | None
    offset: int | None
    recorded: Event | None
    expected: Event | None
    text: str


class Compared(NamedTuple):
    """One step on a topic."""

    not_kept: int
    """Records that it published and retention has deleted: all but these were compared."""
    differences: list[Difference]


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

    def __init__(
        self, cursor: Cursor, identify: Identify, is_trimmed: bool, ends: Mapping[str, int], decisions: bool
    ) -> None:
        self._cursor = cursor
        self._identify = identify
        self._decisions = decisions
        self._is_trimmed = is_trimmed
        self._ends = ends
        self._beginning: Beginning | None = None
        self._memory = Memory()

    async def compare(self, expected: Packed, handled: Handled) -> Compared:
        """One step, which published these records and handled these ranges of each input."""
        not_kept = await self._not_kept_of(expected, handled) if self._is_trimmed else 0
        expected = expected.part(not_kept, expected.size) if not_kept else expected
        differences = []
        if _is_published(await self._cursor.peek(expected.size), expected):
            self._cursor.skip(expected.size)
        else:
            differences = await self._align(expected, handled)
        self._remember(expected)
        return Compared(not_kept, differences)

    async def rest(self) -> Recorded:
        """The next records behind the last step compared."""
        part = Recorded.joined(await self._cursor.peek(LOOKAHEAD))
        self._cursor.skip(part.size)
        return part

    def identities(self, records: Packed) -> list[Identity | None]:
        """What records say they are."""
        columns = zip(records.values.as_list(), records.headers.as_list(), strict=True)
        return [self._identify(value, block) for value, block in columns]

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

    def _remember(self, expected: Packed) -> None:
        # A decision is known to be a repeat by its place, so only the rarer events need remembering.
        if not self._decisions:
            for identity in self.identities(expected):
                if identity is not None:
                    self._memory.add(identity.subject)

    async def _not_kept_of(self, expected: Packed, handled: Handled) -> int:
        """How many of the step's first records lie before the first one that retention left."""
        if self._beginning is None:
            left = Recorded.joined(await self._cursor.peek(LOOKAHEAD))
            self._beginning = Beginning(self.identities(left.packed), self._ends)
        first = self._beginning.first_kept(_index(self.identities(expected)), handled)
        self._is_trimmed = first is None
        return expected.size if first is None else first

    async def _align(self, expected: Packed, handled: Handled) -> list[Difference]:
        wanted = self.identities(expected)
        index = _index(wanted)
        window = Recorded.joined(await self._cursor.peek(len(wanted) + LOOKAHEAD))
        found = self.identities(window.packed)
        length = _belonging(found, index, handled)
        while length < window.size and found[length] is None and length < len(wanted):
            length += 1  # unreadable, where something is missing: damaged, not inserted
        self._cursor.skip(length)
        at_end = length == window.size
        part = _Part(window.offsets[:length].tolist(), window.packed.part(0, length).events())
        return list(self._pair(part, found[:length], expected.events(), wanted, index, handled, at_end))

    def _pair(
        self,
        part: _Part,
        found: list[Identity | None],
        expected: list[Event],
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
                if part.events[at] != expected[i]:
                    text = _what_differs(part.events[at], expected[i])
                    yield _difference(Kind.CORRUPTED, part, at, identity, expected[i], text)
            elif absent and absent[0] == highest + 1 and not self._is_known(identity, handled):
                i = absent.popleft()
                highest = i
                text = "another record stands in its place" if identity else "an unreadable record stands in its place"
                yield _difference(Kind.CORRUPTED, part, at, wanted[i], expected[i], text)
            else:
                kind, text = self.stray(identity, handled)
                yield _difference(kind, part, at, identity, None, text)
        for i in absent:
            lost = wanted[i]
            subject = lost.subject if lost is not None else None
            kind = Kind.TRUNCATED if at_end and i > highest else Kind.MISSING
            yield Difference(kind, subject, None, None, expected[i], "its step published it, and it is not there")

    def _is_known(self, identity: Identity | None, handled: Handled) -> bool:
        return self.stray(identity, handled)[0] is Kind.DUPLICATED


def _is_published(parts: list[Recorded], expected: Packed) -> bool:
    """Whether these are the expected records, all of them."""
    start = 0
    for part in parts:
        if not same_records(part.packed, expected.part(start, start + part.size)):
            return False
        start += part.size
    return start == expected.size


def _index(identities: list[Identity | None]) -> dict[str, int]:
    return {identity.subject: i for i, identity in enumerate(identities) if identity is not None}


def _belonging(found: list[Identity | None], index: dict[str, int], handled: Handled) -> int:
    """How many of the records ahead are of this step, or of none that is still to come."""
    length = 0
    for at, identity in enumerate(found):
        if identity is not None and (identity.subject in index or _is_handled(identity.place, handled)):
            length = at + 1
    return length


def _is_handled(place: Place | None, handled: Handled) -> bool:
    return place is not None and place.offset < handled[place.topic][1]


def _what_differs(recorded: Event, expected: Event) -> str:
    if recorded.value != expected.value:
        return "its payload is not what the recorded inputs give"
    return "its key is another" if recorded.key != expected.key else "its headers are others"


def _difference(
    kind: Kind, part: _Part, at: int, identity: Identity | None, expected: Event | None, text: str
) -> Difference:
    subject = identity.subject if identity is not None else None
    return Difference(kind, subject, part.offsets[at], part.events[at], expected, text)
