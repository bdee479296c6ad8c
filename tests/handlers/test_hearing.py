"""How long the broker has been silent: to the partitions that are read, and to the group."""

from risk_stream.handlers.hearing import Hearing


class Client:
    """What is asked of the Kafka client, which is its own coordinator here."""

    def __init__(self) -> None:
        self.polls: dict[int, int | None] = {}
        self.held: set[int] = set()
        self.coordinator_id: int | None = 1

    @property
    def _coordinator(self) -> "Client":
        return self

    def assignment(self) -> set[int]:
        """All partitions."""
        return set(self.polls)

    def paused(self) -> set[int]:
        """Those not read now."""
        return self.held

    def last_poll_timestamp(self, partition: int) -> int | None:
        """Of the newest answer, in milliseconds."""
        return self.polls[partition]


class Given:
    """A client, and a clock that is set."""

    def __init__(self) -> None:
        self.client, self.now = Client(), 0.0
        self._hearing = Hearing(self.client, lambda: self.now)

    def silence_after(self, seconds: float) -> float:
        """So much later."""
        self.now += seconds
        return self._hearing.silence_s()


def test_silence_is_an_answer_that_stays() -> None:
    """It grows while a partition's newest answer is the same, and ends with the next one."""
    given = Given()
    given.client.polls = {0: None, 1: 5}
    assert given.silence_after(1) == 0
    given.client.polls = {0: 10, 1: 6}
    assert given.silence_after(2) == 0
    given.client.polls[0] = 11
    assert given.silence_after(3) == 3
    assert given.silence_after(4) == 7
    given.client.polls = {0: 12, 1: 7}
    assert given.silence_after(5) == 0


def test_what_is_not_read_is_not_silent() -> None:
    """A partition that is paused is not asked for; nor is one that went elsewhere."""
    given = Given()
    given.client.polls = {0: 5}
    given.silence_after(0)
    given.client.held = {0}
    assert given.silence_after(100) == 0
    given.client.held = set()
    assert given.silence_after(100) == 0
    given.client.polls = {}
    assert given.silence_after(100) == 0


def test_without_partitions_the_group_tells() -> None:
    """Its coordinator is forgotten when it does not answer."""
    given = Given()
    assert given.silence_after(100) == 0
    assert given.silence_after(100) == 0
    given.client.coordinator_id = None
    assert given.silence_after(100) == 0
    assert given.silence_after(31) == 31
    given.client.coordinator_id = 1
    assert given.silence_after(1) == 0
