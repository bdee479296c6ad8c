"""The floor: an aiokafka consumer that only reads the orders. Prints one JSON line: records, seconds, CPU seconds."""

import asyncio
import json
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.peers.settings import BOOTSTRAP, ORDERS, PARTITIONS

FETCH_BYTES_MAX = 1024 * 1024


async def read() -> dict[str, float]:
    """Read every partition from its first record to its present end, with the worker's fetch settings."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=BOOTSTRAP,
        max_partition_fetch_bytes=FETCH_BYTES_MAX,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        assigned = [TopicPartition(ORDERS, number) for number in range(PARTITIONS)]
        consumer.assign(assigned)
        ends = await consumer.end_offsets(assigned)
        records, started, cpu = 0, time.perf_counter(), time.process_time()
        while any([await consumer.position(tp) < ends[tp] for tp in assigned]):
            for batch in (await consumer.getmany(timeout_ms=1000, max_records=1000)).values():
                records += len(batch)
        return {"records": records, "seconds": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    finally:
        await consumer.stop()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(read())))
