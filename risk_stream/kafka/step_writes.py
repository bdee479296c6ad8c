"""What a step writes, topic by topic: when it is published, and when a take-over publishes what of it was not seen."""

from collections.abc import Sequence

from risk_stream.kafka.config import WorkerConfig
from risk_stream.kafka.journal import JournalRecord, encode
from risk_stream.kafka.ports import StepOutputPort
from risk_stream.kafka.producer import Write
from risk_stream.kafka.topic_catalogue import OUTPUTS
from risk_stream.messages.packed import Event, alone, joined, pack


def step_writes(
    config: WorkerConfig, record: JournalRecord, output: StepOutputPort, answers: Sequence[Event]
) -> list[Write]:
    """One write for each of OUTPUTS; `answers` are the dead letters of refused controls."""
    letters = joined(output.dead_letters, pack(answers)) if answers else output.dead_letters
    records = (output.decisions, output.violations, letters, output.portfolio_risk, alone(encode(record)))
    return [Write(config.topic(name), one) for name, one in zip(OUTPUTS, records, strict=True)]
