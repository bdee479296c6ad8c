"""A worker process over the fake engine: `python -m tests.kafka.fake_worker BOOTSTRAP DATA_DIR {settings as JSON}`."""

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from aiokafka import TopicPartition

from risk_stream.kafka import step
from risk_stream.kafka.app import serve
from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.connection import Connection
from risk_stream.kafka.coordinator import Transaction
from risk_stream.kafka.ports import RowSource
from tests.kafka.fake_core import FakeControls, FakeEngine, decode_fake_control


def main() -> None:
    """Run until told to stop."""
    bootstrap, data_dir, settings = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    chosen = json.loads(settings)
    salt = chosen.pop("salt", "")
    _skip_markers(chosen.pop("skips", []))
    step.EXPECTED_FOR_S = chosen.pop("expected_for_s", step.EXPECTED_FOR_S)
    config = WorkerConfig(Connection(bootstrap), Path(data_dir), **chosen)

    def engine(partition: int, partitions: int, rows: RowSource) -> FakeEngine:
        return FakeEngine(partition, partitions, rows, salt)

    serve(config, engine, FakeControls(), decode_fake_control)


def _skip_markers(topics: list[str]) -> None:
    """Tell the coordinator nothing of these topics: it writes no marker there, as a broker that skips it."""
    told = Transaction.add

    async def add(self: Transaction, partitions: Sequence[TopicPartition]) -> None:
        await told(self, [tp for tp in partitions if tp.topic not in topics])

    Transaction.add = add  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
