"""What is done with the topic catalogue: create what is missing, describe what is there.

Topics are made on purpose, never by a first message: a topic with a wrong partition count would send every portfolio's
records to partitions where nobody looks for them.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from risk_stream.kafka.connection import Connection
from risk_stream.kafka.topic_catalogue import CATALOGUE

TIMEOUT_S = 30.0
POLL_S = 0.05
TOPIC_ALREADY_EXISTS: Final = 36


class TopicsError(Exception):
    """The topics are not what they must be, or could not be made; says which and why."""


@dataclass(frozen=True)
class TopicState:
    """A topic as it is beside what it should be."""

    name: str
    partitions_expected: int
    partitions: int | None
    """None when the topic does not exist."""
    differences: dict[str, str] = field(default_factory=dict)
    """Settings that are not the catalogue's: name to `is, should be`."""
    leaderless: list[int] = field(default_factory=list)
    """Partitions that nobody can use now, for all brokers that have a copy are down."""

    @property
    def right(self) -> bool:
        """Whether it is what the catalogue says, and can be used."""
        return self.partitions == self.partitions_expected and not self.faults

    @property
    def faults(self) -> list[str]:
        """A sentence for each setting that differs and each partition without a leader."""
        return self.faults_of(self.differences)

    def faults_of(self, settings: Iterable[str]) -> list[str]:
        """The same, of these settings only."""
        different = [f"{name} {self.differences[name]}" for name in settings if name in self.differences]
        return different + [f"partition {number} has no leader: are its brokers down?" for number in self.leaderless]


class Topics:
    """The catalogue on one cluster. Use it in `async with`."""

    def __init__(self, connection: Connection, prefix: str, partitions: int) -> None:
        self._wanted = {prefix + spec.name: spec for spec in CATALOGUE}
        self._partitions = partitions
        self._admin = AIOKafkaAdminClient(**connection.client_options(), request_timeout_ms=int(TIMEOUT_S * 1000))

    async def __aenter__(self) -> "Topics":
        async with asyncio.timeout(TIMEOUT_S):
            await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self._admin.close()

    async def describe(self) -> list[TopicState]:
        """Every topic of the catalogue as it is now, in the catalogue's order."""
        leaders = await self._leaders()
        found = await self._differences(list(leaders))
        states = []
        for name, spec in self._wanted.items():
            mine = leaders.get(name)
            leaderless = sorted(number for number, leader in (mine or {}).items() if leader < 0)
            count = None if mine is None else len(mine)
            states.append(TopicState(name, spec.partitions(self._partitions), count, found.get(name, {}), leaderless))
        return states

    async def create(self, replication_factor: int = 1) -> list[str]:
        """Make the topics that are missing and return their names. Nothing is made when an existing one has another
        partition count than it should (TopicsError); two callers at once do no harm."""
        states = await self.describe()
        refuse_other_counts(states)
        missing = {state.name: self._wanted[state.name] for state in states if state.partitions is None}
        if not missing:
            return []
        new = [
            NewTopic(name, spec.partitions(self._partitions), replication_factor, topic_configs=spec.settings)
            for name, spec in missing.items()
        ]
        answer = await self._admin.create_topics(new, timeout_ms=int(TIMEOUT_S * 1000))
        made = []
        for name, code, *rest in answer.topic_errors:
            if code == 0:
                made.append(name)
            elif code != TOPIC_ALREADY_EXISTS:
                raise TopicsError(f"{name}: {(rest and rest[0]) or for_code(code).__name__}")
        await self._wait_until_usable(missing)
        refuse_other_counts(await self.describe())
        return made

    async def _wait_until_usable(self, names: Iterable[str]) -> None:
        """A broker answers for a new topic a little later than its controller made it."""
        async with asyncio.timeout(TIMEOUT_S):
            while not _usable(await self._leaders(), names):
                await asyncio.sleep(POLL_S)

    async def _leaders(self) -> dict[str, dict[int, int]]:
        """Topics of the catalogue that are there, with the leader of each partition, negative for none."""
        # Asked without names, for all topics: asking for one that is not there may create it on a foreign cluster.
        described = {one["topic"]: one["partitions"] for one in await self._admin.describe_topics()}
        return {
            name: {part["partition"]: part["leader"] for part in described[name]}
            for name in self._wanted
            if name in described
        }

    async def _differences(self, names: list[str]) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        found: dict[str, dict[str, str]] = {}
        for answer in await self._admin.describe_configs(resources):
            for code, _message, _kind, name, entries in answer.resources:
                settings: dict[str, Any] = {entry[0]: entry[1] for entry in entries}
                unknown = f"not to be read ({for_code(code).__name__})" if code else None
                found[name] = {
                    key: f"is {settings.get(key, unknown)}, should be {value}"
                    for key, value in self._wanted[name].settings.items()
                    if not _satisfies(key, settings.get(key), value)
                }
        return found


def _usable(leaders: dict[str, dict[int, int]], names: Iterable[str]) -> bool:
    return all(name in leaders and all(leader >= 0 for leader in leaders[name].values()) for name in names)


def _satisfies(setting: str, found: str | None, wanted: str) -> bool:
    if setting == "max.message.bytes" and found is not None:
        return int(found) >= int(wanted)
    return found == wanted


def refuse_other_counts(states: list[TopicState]) -> None:
    """Raise TopicsError when an existing topic has another number of partitions than it should."""
    wrong = [state for state in states if state.partitions not in (None, state.partitions_expected)]
    if wrong:
        rows = "; ".join(f"{one.name} has {one.partitions}, not {one.partitions_expected}" for one in wrong)
        raise TopicsError(
            f"The partition count of existing topics differs: {rows}. It cannot be changed once there are records: the "
            "records of a portfolio would be on two partitions. Use the count they have (RISK_STREAM_PARTITIONS, "
            "--partitions), or another RISK_STREAM_TOPIC_PREFIX."
        )


def unfit_for_worker(states: list[TopicState]) -> list[str]:
    """Of what `describe` found, that on which no worker may start: a sentence each, with topic, setting and values."""
    return [
        f"{state.name}: {fault}"
        for spec, state in zip(CATALOGUE, states, strict=True)
        for fault in state.faults_of(spec.vital_settings)
    ]
