"""The worker's own take-over, steps and snapshots over a cluster in memory, on a clock that jumps: a schedule in ms."""
