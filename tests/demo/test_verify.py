"""The verification notices what a worker must not do: each kind of damage to the logs is a difference."""

import json
from collections.abc import Callable
from copy import deepcopy

import pytest

from risk_stream.demo.logs import PartitionLogs, Record
from risk_stream.demo.scenarios import make_scenario
from risk_stream.demo.verify import verify_partition
from risk_stream.demo.verify_all import inputs_of, verify_all
from tests.demo.offline import Offline


@pytest.fixture(scope="module")
def sound() -> PartitionLogs:
    """The logs of a small game."""
    scenario = make_scenario("market", 400, 10, 3)
    played = Offline(scenario.limits)
    played.play(scenario)
    return played.logs


@pytest.fixture
def logs(sound: PartitionLogs) -> PartitionLogs:
    """A copy to damage."""
    return deepcopy(sound)


def changed(record: Record, **fields: object) -> Record:
    """A record whose payload says something else."""
    return record._replace(value=json.dumps({**json.loads(record.value or b""), **fields}).encode())


def flip(logs: PartitionLogs) -> None:
    """A decision that says something else."""
    log = logs.records["decisions"]
    log[7] = changed(log[7], limits_evaluated=99)


def repeat(logs: PartitionLogs) -> None:
    """An order decided twice."""
    log = logs.records["decisions"]
    log.append(log[-1])


def lose(logs: PartitionLogs) -> None:
    """A violation that is not there."""
    del logs.records["violations"][3]


def bend(logs: PartitionLogs) -> None:
    """A dead letter with other bytes than its source."""
    log = logs.records["dead-letters"]
    log[0] = log[0]._replace(value=b"other")


def misplace(logs: PartitionLogs) -> None:
    """A decision under another portfolio's key."""
    log = logs.records["decisions"]
    log[0] = log[0]._replace(key=b"P99999")


def skip(logs: PartitionLogs) -> None:
    """A step that is missing from the journal."""
    del logs.records["journal"][4]


def stop_early(logs: PartitionLogs) -> None:
    """Inputs that no step names."""
    del logs.records["journal"][-1]


def misremember(logs: PartitionLogs) -> None:
    """A risk picture with another peak."""
    log = logs.records["portfolio-risk"]
    log[-1] = changed(log[-1], trading_state="REDUCING")


def forget(logs: PartitionLogs) -> None:
    """A portfolio whose risk picture was never published."""
    log = logs.records["portfolio-risk"]
    log[:] = [record for record in log if record.key != log[-1].key]


def overlook(logs: PartitionLogs) -> None:
    """A worker that never read the last of the limits, and decided rightly without it."""
    log = logs.records["controls"]
    log.append(log[-1]._replace(offset=log[-1].offset + 1))


def test_sound_logs_are_verified(logs: PartitionLogs) -> None:
    """Everything is compared and nothing differs."""
    done: list[int] = []
    verdict = verify_all([logs], done.append)
    assert verdict.differences == []
    names = ("decisions", "violations", "dead-letters")
    assert verdict.compared == sum(len(logs.records[name]) for name in names) + 10
    assert done == [inputs_of(logs)]


def test_many_records_are_verified_in_processes_of_their_own(
    logs: PartitionLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same verdict, partition by partition."""
    monkeypatch.setattr("risk_stream.demo.verify_all.IN_PROCESS_RECORDS_MAX", 0)
    alone = verify_partition(logs)
    bad = deepcopy(logs)
    flip(bad)
    done: list[int] = []
    verdict = verify_all([logs, bad], done.append)
    assert verdict.compared == 2 * alone.compared
    assert verdict.differences == verify_partition(bad).differences != []
    assert done == [inputs_of(logs), 2 * inputs_of(logs)]


@pytest.mark.parametrize(
    "damage", [flip, repeat, lose, bend, misplace, skip, stop_early, misremember, forget, overlook]
)
def test_damage_is_noticed(logs: PartitionLogs, damage: Callable[[PartitionLogs], None]) -> None:
    """Each of these is a difference, and says where."""
    damage(logs)
    differences = verify_partition(logs).differences
    assert differences
    assert differences[0].split("/")[0] in (*logs.records, "journal")
