"""What may be committed: never past something undone, whatever order calls end in."""

import random

from risk_stream.handlers.progress import Progress


def test_nothing_is_committed_past_an_undone_violation() -> None:
    """The second is done before the first: the first holds the offset."""
    progress: Progress[int] = Progress()
    for offset in (5, 6, 9):
        progress.take(0, offset)
    progress.done(0, 6)
    assert (progress.committable(), progress.waiting) == ({}, 2)
    progress.done(0, 5)
    assert progress.committable() == {0: 7}
    progress.committed({0: 7})
    assert progress.committable() == {}
    progress.done(0, 9)
    assert (progress.committable(), progress.waiting) == ({0: 10}, 0)


def test_a_partition_that_went_elsewhere_is_forgotten() -> None:
    """What is done late for it counts for nothing; what comes again is done again."""
    progress: Progress[int] = Progress()
    progress.take(0, 1)
    progress.take(1, 1)
    progress.forget(0)
    assert progress.waiting == 1
    assert not progress.is_taken(0, 1)
    progress.done(0, 1)
    assert progress.committable() == {}
    progress.take(0, 1)
    progress.done(0, 1)
    assert (progress.committable(), progress.waiting) == ({0: 2}, 1)


def test_what_was_read_before_a_partition_went_and_came_back_counts_only_once_it_is_read_again() -> None:
    """Done before that, it would be skipped when it comes and never be committed."""
    progress: Progress[int] = Progress()
    for offset in (1, 4):
        progress.take(0, offset)
    progress.forget(0)
    progress.take(0, 1)
    assert not progress.is_taken(0, 4)
    progress.done(0, 4)
    progress.done(0, 1)
    progress.take(0, 4)
    assert progress.is_taken(0, 4)
    progress.done(0, 4)
    assert (progress.committable(), progress.waiting) == ({0: 5}, 0)


def test_any_order_of_ends_adds_up() -> None:
    """After all are done, everything is committable, and on the way the offset is that of the first undone."""
    chance = random.Random(1)
    progress: Progress[int] = Progress()
    offsets = sorted(chance.sample(range(1_000), 200))
    for offset in offsets:
        progress.take(0, offset)
    undone = set(offsets)
    for offset in chance.sample(offsets, len(offsets)):
        progress.done(0, offset)
        progress.done(0, offset)
        undone.remove(offset)
        next_offset = progress.committable().get(0, offsets[0])
        assert not [one for one in undone if one < next_offset]
        assert progress.waiting == len(undone)
    assert progress.committable() == {0: offsets[-1] + 1}
