"""What was seen of a log is compared with what is there later."""

from __future__ import annotations

import pytest

from tests.faults.watcher import MARKED, Seen
from tests.oracle.read import Record

RECORDS = [Record(3 * place, 0, b"pf-1", b"%d" % place) for place in range(3 * MARKED + 7)]
"""With gaps, as markers leave them."""


def seen(records: list[Record]) -> Seen:
    """A log with all of them, read to its end."""
    log = Seen()
    for record in records:
        log.add(record)
    log.mark()
    return log


def test_the_same_records_do_not_differ() -> None:
    """Neither does a subscriber that had to begin again."""
    assert seen(RECORDS).differs(seen(RECORDS)) is None
    assert seen(RECORDS[:500] + RECORDS).differs(seen(RECORDS)) is None


@pytest.mark.parametrize("place", [0, MARKED - 1, MARKED, 2 * MARKED + 3, len(RECORDS) - 1])
@pytest.mark.parametrize("damage", ["changed", "rekeyed", "lost", "moved"])
def test_every_difference_is_found_where_it_is(place: int, damage: str) -> None:
    """A record that says something else, has another key or offset, or is not there any more."""
    record = RECORDS[place]
    instead = {
        "changed": [record._replace(value=b"other")], "rekeyed": [record._replace(key=None)], "lost": [],
        "moved": [record._replace(offset=record.offset + 1)],
    }[damage]  # fmt: skip
    between = seen(RECORDS).differs(seen([*RECORDS[:place], *instead, *RECORDS[place + 1 :]]))
    assert between is not None
    assert between[0] <= record.offset < between[1]
