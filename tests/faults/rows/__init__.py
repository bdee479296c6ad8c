"""The rows of the fault matrix, as a table."""

from __future__ import annotations

from tests.faults.campaign import Row
from tests.faults.rows import broker, inputs, kill, link, rebalance, refusals, resources, soak, state

ROWS = (
    Row(1, "kill -9 mid batch", "at every failpoint, and at random moments", 40, kill.run),
    Row(2, "rebalance storm", "workers 2 and 3 come and go", 1, rebalance.storm),
    Row(3, "paused worker", "SIGSTOP beyond the session timeout, take-over, SIGCONT", 20, rebalance.paused),
    Row(4, "broker restart", "SIGTERM and SIGKILL", 40, broker.restart),
    Row(5, "stalled broker", "SIGSTOP under load, kill -9 of the worker meanwhile", 20, broker.stall),
    Row(6, "slow or lossy link", "a TCP proxy delays, cuts, swallows", 10, link.run),
    Row(7, "disk full", "a small tmpfs", 5, resources.disk_full, privileged=True),
    Row(8, "poison input", "bad JSON, UTF-8, numbers, types, keys, sizes", 3, inputs.poison),
    Row(9, "gzip bomb", "100 to 400 MiB in a batch of some 100 KiB, four codecs", 3, resources.bomb),
    Row(10, "clock", "an hour off and jumping, per worker", 5, resources.wrong_clock),
    Row(11, "duplicates, late values", "5 % again, shuffled within ten", 5, inputs.duplicates),
    Row(12, "partition count changed", "partitions added live", 3, refusals.partitions_added),
    Row(13, "producer refused", "record size lowered, topic deleted, right to write revoked", 15, refusals.run),
    Row(14, "state lost", "data directory deleted, stopped and running", 5, state.lost),
    Row(15, "state corrupted", "CURRENT or a table deleted, MANIFEST cut, bits flipped", 20, state.corrupted),
    Row(16, "changelog trouble", "emptied, made anew", 6, state.changelog),
    Row(17, "future schema", "unknown fields, incompatible ones", 3, inputs.future_schema),
    Row(18, "transactional producer upstream", "aborted first batch", 3, inputs.transactional),
    Row(19, "soak", "seeded mixture of 1 to 6", 1, soak.run),
)
