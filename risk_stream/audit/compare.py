"""One output topic of a partition beside what its steps must have published: a merge that survives every damage.

Equal steps, nearly all, are compared as columns of bytes. In a step that differs each record is identified, so that
one missing record is one finding and not a shift of everything behind it.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from risk_stream.audit.cursor import Cursor
from risk_stream.audit.findings import Kind
from risk_stream.audit.identity import Identify, Identity, Place
from risk_stream.messages.compiled.same_fields import same_records
from risk_stream.messages.packed import Event, Packed
from risk_stream.messages.records import Recorded

LOOKAHEAD = 1_000
"""Records looked at beyond a step that differs: so many may be out of place together."""

REMEMBERED = 100_000
"""Identities of published events remembered, about 20 MB: what comes again within them is called a duplicate."""

Handled = dict[str, tuple[int, int]]
"""The half-open offset range of each input that a step handled."""


class _Part(NamedTuple):
    """Recorded records one by one."""

    offsets: list[int]
    events: list[Event]


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

    async def compare(self, expected: Packed, handled: Handled) -> list[Difference]:
        """The differences of one step, which published these records and handled these ranges of each input."""
        if self._trimmed:
            expected = expected.part(await self._not_kept_of(expected), expected.size)
        if _is_published(await self._cursor.peek(expected.size), expected):
            self._cursor.skip(expected.size)
            self._remember(expected)
            return []
        differences = await self._align(expected, handled)
        self._remember(expected)
        return differences

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

    async def _not_kept_of(self, expected: Packed) -> int:
        """How many of the step's first records lie before the first one that retention left."""
        first = Recorded.joined(await self._cursor.peek(1))
        identities = self.identities(expected)
        [known] = self.identities(first.packed) or [None]
        self._trimmed = known not in identities
        count = len(identities) if self._trimmed else identities.index(known)
        self.not_kept += count
        return count

    async def _align(self, expected: Packed, handled: Handled) -> list[Difference]:
        wanted = self.identities(expected)
        index = {identity.subject: i for i, identity in enumerate(wanted) if identity is not None}
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
                    yield _difference(Kind.CORRUPTED, part, at, identity, expected[i].value, text)
            elif absent and absent[0] == highest + 1 and not self._is_known(identity, handled):
                i = absent.popleft()
                highest = i
                text = "another record stands in its place" if identity else "an unreadable record stands in its place"
                yield _difference(Kind.CORRUPTED, part, at, wanted[i], expected[i].value, text)
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
            yield Difference(Kind.MISSING, subject, None, expected[i].key, None, expected[i].value, text)

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
    kind: Kind, part: _Part, at: int, identity: Identity | None, expected: bytes | None, text: str
) -> Difference:
    subject, event = identity.subject if identity is not None else None, part.events[at]
    return Difference(kind, subject, part.offsets[at], event.key, event.value, expected, text)
