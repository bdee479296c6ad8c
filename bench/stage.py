"""Where systems meet: one broker, one filled log of inputs, and output topics that are new for each run."""

import asyncio
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from bench.fill import control_records, fill, order_records, value_records
from bench.job import Job
from bench.shape import Shape
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.topic_catalogue import CATALOGUE
from risk_stream.kafka.topics import Topics

PARTITIONS = 4
INPUTS = ("orders", "portfolio-values", "controls")
POLL_S = 0.1
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Topics of one job and shape, named by a prefix."""

    bootstrap: str
    prefix: str
    job: Job
    shape: Shape
    broker_pid: int

    def topic(self, name: str) -> str:
        """Full name."""
        return self.prefix + name

    def partitions_of(self, name: str) -> list[TopicPartition]:
        """The partitions of a keyed topic."""
        return [TopicPartition(self.topic(name), number) for number in range(PARTITIONS)]


async def build(bootstrap: str, prefix: str, job: Job, shape: Shape, broker_pid: int) -> Stage:
    """Make the topics and write the inputs."""
    stage = Stage(bootstrap, prefix, job, shape, broker_pid)
    await create(stage)
    await fill(bootstrap, stage.topic("controls"), 1, control_records(job))
    await fill(bootstrap, stage.topic("portfolio-values"), PARTITIONS, value_records(job, shape))
    await fill(bootstrap, stage.topic("orders"), PARTITIONS, order_records(job, shape))
    return stage


async def create(stage: Stage) -> None:
    """Make what is missing of the topics."""
    async with Topics(Connection(stage.bootstrap), stage.prefix, PARTITIONS) as topics:
        await topics.create()


async def clear(stage: Stage) -> None:
    """Throw away what the last run wrote: outputs, and every topic of its consumer group."""
    await _delete(stage, {spec.name for spec in CATALOGUE}.difference(INPUTS))
    await create(stage)


async def remove(stage: Stage) -> None:
    """Throw all of its topics away."""
    await _delete(stage, {spec.name for spec in CATALOGUE})


async def _delete(stage: Stage, names: set[str]) -> None:
    known = {stage.topic(name) for name in names}
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.bootstrap, request_timeout_ms=int(TIMEOUT_S * 1000))
    await admin.start()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while old := [name for name in await admin.list_topics() if name in known or is_of_a_run(name, stage)]:
                await admin.delete_topics(old)
                await asyncio.sleep(POLL_S)
    finally:
        await admin.close()


def is_of_a_run(name: str, stage: Stage) -> bool:
    """Whether a topic belongs to a run's own group: changelogs, and what frameworks make."""
    return group_of(stage, "") in name


def group_of(stage: Stage, run: str) -> str:
    """The consumer group of a run."""
    return f"{stage.prefix.strip('.')}-run-{run}"


async def written(consumer: AIOKafkaConsumer, stage: Stage) -> int:
    """Offsets of the decisions that are committed: the records and, of transactions, their markers."""
    ends = await consumer.end_offsets(stage.partitions_of("decisions"))
    return int(sum(ends.values()))
