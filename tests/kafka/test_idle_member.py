"""A worker that has nothing to read stays in the group, however long."""

import time

from tests.kafka.harness import DEADLINE_S, Cluster
from tests.waiting import wait_for

WATCHDOG_S = 10.0
"""After so long without a poll aiokafka would take a member for stuck, were it told that this is the longest."""


def test_a_spare_worker_takes_over_after_a_long_time_without_partitions(cluster: Cluster) -> None:
    """It is there when it is needed, though it never read a record before."""
    cluster.orders(100)
    owners = [cluster.start(name, watchdog_timeout=WATCHDOG_S) for name in ("first", "second")]
    cluster.judge(100)
    spare = cluster.start("spare", watchdog_timeout=WATCHDOG_S)
    wait_for(lambda: "Joined group" in spare.log.read_text(), DEADLINE_S)
    began = time.monotonic()
    wait_for(lambda: time.monotonic() > began + 1.3 * WATCHDOG_S)
    for owner in owners:
        owner.kill()
    cluster.orders(100, first=100)
    cluster.judge(200)
    assert spare.stop() == 0
