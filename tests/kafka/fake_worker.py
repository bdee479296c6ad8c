"""A worker process over the fake engine: `python -m tests.kafka.fake_worker BOOTSTRAP DATA_DIR {settings as JSON}`."""

import json
import logging
import sys
from pathlib import Path

from risk_stream.kafka.app import serve
from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.connection import Connection
from tests.kafka.fake_core import FakeControls, FakeEngine, decode_fake_control


def main() -> None:
    """Run until told to stop."""
    bootstrap, data_dir, settings = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    config = WorkerConfig(Connection(bootstrap), Path(data_dir), **json.loads(settings))
    serve(config, FakeEngine, FakeControls(), decode_fake_control)


if __name__ == "__main__":
    main()
