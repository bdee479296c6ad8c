"""Rows 8, 11, 17 and 18: poison, duplicates and late values, future schemas, a transactional producer upstream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from aiokafka import AIOKafkaProducer, TopicPartition

from tests.faults.poison import ORDER, cases
from tests.faults.scene import Outcome
from tests.faults.stage import Stage
from tests.faults.traffic import Message
from tests.oracle.wire import partition_of

RATE = 500


async def poison(stage: Stage, number: int, short: bool) -> Outcome:
    """Every case between good orders: one answer a record, neighbours untouched."""
    async with stage.scene() as scene:
        worker = scene.worker()
        worker.start()
        every = list(cases())
        scene.random.shuffle(every)
        await scene.sender.send(_between(every, scene.traffic.messages(len(every))), RATE)
        scene.outcome.injected += len(every)
        await scene.settle()
        scene.outcome.must(worker.exit_codes == [0], f"the worker did not stay up: {worker.exit_codes}")
        return await scene.verdict()


def _between(first: Iterable[Message], second: Iterator[Message]) -> Iterator[Message]:
    for message in first:
        yield message
        follower = next(second, None)
        if follower is not None:
            yield follower


async def duplicates(stage: Stage, number: int, short: bool) -> Outcome:
    """5 % of all records come again, and everything is out of order within ten."""
    async with stage.scene() as scene:
        worker = scene.worker()
        worker.start()
        window: list[Message] = []
        sent: list[Message] = []
        for message in scene.traffic.messages(1_500 if short else 20_000):
            window.append(message)
            if scene.random.random() < 0.05:
                window.append(scene.random.choice(window))
                scene.outcome.injected += 1
            if len(window) >= 10:
                sent.append(window.pop(scene.random.randrange(len(window))))
        await scene.sender.send([*sent, *window], RATE if short else 2_000)
        await scene.settle()
        return await scene.verdict()


async def future_schema(stage: Stage, number: int, short: bool) -> Outcome:
    """What a newer producer adds is ignored; what it changes beyond understanding is refused."""
    async with stage.scene() as scene:
        worker = scene.worker()
        worker.start()
        newer: list[Message] = []
        for place, extra in enumerate(EXTRAS * 20):
            message = next(scene.traffic.messages(1))
            if place % 3 == 0 or not message.value or not message.value.startswith(b'{"'):
                fields: dict[str, object] = ORDER | {"order_id": f"next-{place}"}
                message = Message("orders", b"pf-1", json.dumps(fields).encode())
            newer.append(message._replace(value=(message.value or b"").rstrip()[:-1] + b", " + extra + b"}"))
        scene.outcome.injected += len(newer)
        await scene.sender.send(newer, RATE)
        await scene.settle()
        scene.outcome.must(worker.exit_codes == [0], f"the worker did not stay up: {worker.exit_codes}")
        return await scene.verdict()


EXTRAS = [
    b'"schema_version": 99', b'"venue": {"id": [1, 2, {"deep": [null, true]}]}', b'"legs": []',
    b'"note": "\xc3\xbc\\u00fc"',
    b'"quantity": {"value": 1, "unit": "lot"}', b'"side": "SELL_SHORT"', b'"order_type": "ICEBERG"', b'"type": "QUOTE"',
    b'"total_value": [1]', b'"big": 1e999999', b'"' + b"x" * 500 + b'": 1', b'"symbol": {"isin": "DE0"}',
]  # fmt: skip


async def transactional(stage: Stage, number: int, short: bool) -> Outcome:
    """Inputs come in transactions, the first of them aborted: commits go on over the gaps."""
    async with stage.scene() as scene:
        worker = scene.worker()
        worker.start()
        producer = AIOKafkaProducer(bootstrap_servers=scene.bootstrap, transactional_id=f"{scene.name}-upstream")
        await producer.start()
        try:
            for turn in range(12 if short else 60):
                await producer.begin_transaction()
                for message in scene.traffic.messages(25):
                    await _send(
                        producer, scene.prefix, scene.sender.partitions, message, scene.sender.last if turn % 3 else {}
                    )
                if turn % 3 == 0:
                    await producer.flush()
                    await producer.abort_transaction()
                    scene.outcome.injected += 1
                else:
                    await producer.commit_transaction()
        finally:
            await producer.stop()
        await scene.settle()
        return await scene.verdict()


async def _send(
    producer: AIOKafkaProducer, prefix: str, partitions: int, message: Message, last: dict[TopicPartition, int]
) -> None:
    place = message.partition if message.partition is not None else partition_of(message.key or b"", partitions)
    taken = await producer.send_and_wait(prefix + message.topic, message.value, message.key, place)
    last[TopicPartition(taken.topic, taken.partition)] = taken.offset
