"""The pure core over fake logs, judged by the oracle: no broker, no disk, no clock, one seed."""
