"""What `risk-stream doctor` looks at on the cluster: does it answer, are the topics right, do the clocks agree."""

import asyncio
import time

from aiokafka.errors import KafkaError

from risk_stream.kafka.foreign_names import pass_over_foreign_names
from risk_stream.kafka.handshake import refusal
from risk_stream.kafka.reader import TopicError, TopicReader
from risk_stream.kafka.topics import Topics, TopicState
from risk_stream.ops.checkup import Finding
from risk_stream.ops.settings import Settings

SKEW_MAX_S = 60.0
"""The contract's own bound: an order dated further ahead of the broker's clock is refused."""
START_ADVICE = "Start one (risk-stream broker start) or name one (RISK_STREAM_BROKER=host:port)."


async def check_cluster(settings: Settings) -> list[Finding]:
    """All findings about the cluster; only that it does not answer, if it does not."""
    try:
        async with Topics(settings.connection(), settings.topic_prefix, settings.partitions) as topics:
            states = await topics.describe()
    except (KafkaError, TimeoutError, OSError) as error:
        refused = await refusal(settings.connection())
        if refused:
            return [Finding("broker", False, refused.problem, refused.advice)]
        return [Finding("broker", False, f"{settings.broker}: {str(error) or type(error).__name__}", START_ADVICE)]
    findings = [Finding("broker", True, f"{settings.broker} answers"), topics_finding(states)]
    if findings[-1].good:
        findings.append(await _check_clock(settings))
    return findings


def topics_finding(states: list[TopicState]) -> Finding:
    """Whether all topics are as the catalogue says."""
    wrong = [state.name for state in states if not state.right]
    if not wrong:
        return Finding("topics", True, f"all {len(states)} as the catalogue says")
    told = f"missing, different or without a leader: {', '.join(wrong)}"
    return Finding("topics", False, told, "Look: risk-stream topics describe.")


async def _check_clock(settings: Settings) -> Finding:
    pass_over_foreign_names()
    newest: list[int] = []
    for name in ("orders", "portfolio-values", "controls"):
        try:
            async with asyncio.timeout(10), TopicReader(settings.connection(), settings.topic(name)) as reader:
                await reader.from_last(1)
                newest += [record.timestamp async for records in reader.to_end() for record in records]
        except (KafkaError, TopicError, TimeoutError) as error:
            return Finding("clock", False, f"{name} cannot be read: {str(error) or type(error).__name__}", START_ADVICE)
    return clock_finding(max(newest, default=None), time.time())


def clock_finding(newest_ms: int | None, now_s: float) -> Finding:
    """Whether this machine's clock is that of the broker, which dated the newest record.

    A clock that is ahead looks like a record that is old: of one older than the bound it cannot be told which it is.
    """
    if newest_ms is None:
        return Finding("clock", True, "no record to compare with yet")
    age_s = now_s - newest_ms / 1000
    if age_s < -SKEW_MAX_S:
        return Finding(
            "clock", False, f"the newest record is {-age_s:.0f} s ahead", "Synchronise this machine's clock."
        )
    if age_s > SKEW_MAX_S:
        return Finding(
            "clock",
            False,
            f"the newest record is {age_s:.0f} s old: nothing was sent since, or this machine's clock is ahead",
            "Send something and look again: if it is still that old, synchronise this machine's clock.",
            needed=False,
        )
    return Finding("clock", True, f"the newest record is {max(age_s, 0):.0f} s old")
