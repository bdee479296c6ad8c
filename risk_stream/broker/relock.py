"""Write the lock file anew: `make relock-broker VERSION=4.2.2` (a maintainer's step, never part of a run)."""

import sys
import tempfile
from pathlib import Path

from jgo.env import LockFile
from jgo.maven import MavenContext, PythonResolver

from risk_stream.broker.lock import LOCK_FILE
from risk_stream.broker.repositories import remote_repositories

LOG_BACKEND = "org.apache.logging.log4j:log4j-slf4j-impl"
"""Kafka's library logs through slf4j 1 and brings no backend for it: without one it fails in silence."""


def main(version: str) -> None:
    """Resolve Kafka `version` with all it needs at run time, fetch every jar once, and record their digests."""
    with tempfile.TemporaryDirectory() as folder:
        resolver = PythonResolver()
        context = MavenContext(resolver, Path(folder), remote_repos=remote_repositories(), timeout=60)
        kafka, needed = resolver.resolve([context.create_dependency(f"org.apache.kafka:kafka_2.13:{version}")])
        # Not resolved together with Kafka: as a second input its own version list would overrule Kafka's.
        log4j_version = next(one.version for one in needed if one.artifactId == "log4j-core")
        backend = context.create_dependency(f"{LOG_BACKEND}:{log4j_version}")
        lock = LockFile.from_resolved_dependencies([*kafka, backend, *needed], environment_name=f"kafka-{version}")
    lock.save(LOCK_FILE)
    print(f"{LOCK_FILE}: {len(lock.dependencies)} jars", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
