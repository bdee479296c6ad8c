"""The broker's own configuration: one KRaft node on loopback, sized for a developer's machine."""

from pathlib import Path

HOST = "127.0.0.1"
DAY_MINUTES = 24 * 60


def server_properties(port: int, controller_port: int, log_dir: Path) -> str:
    """The text of server.properties."""
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": log_dir,
        # The contract: a record's timestamp is the broker's, topics are made on purpose.
        "log.message.timestamp.type": "LogAppendTime",
        "auto.create.topics.enable": "false",
        # There is one node to hold a copy.
        "default.replication.factor": 1,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # 50 partitions each by default: files and start-up time for nothing here.
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.num.partitions": 1,
        # A group of one should not wait 3 s for others; tests want to see a session end soon.
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        # After a kill the node waits out its own former session before it may register again: 9 s by default.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        # Committed offsets of a worker that was stopped for a holiday must still be there: 1 year, not 7 days.
        "offsets.retention.minutes": 365 * DAY_MINUTES,
        # 128 MiB by default, out of a heap of 512.
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 4,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
