"""The jar cache: fetched once, verified always, and every failure said."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_stream.broker.errors import BrokerError
from risk_stream.broker.jars import cache_folder, class_path
from risk_stream.broker.lock import kafka_version, locked_jars
from risk_stream.broker.probe import free_ports
from risk_stream.broker.repositories import remote_repositories
from tests.broker.repository import CONTENTS, JARS, Repository, serving


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Repository]:
    """The only place jars come from: no local Maven repository helps out."""
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    with serving() as repository:
        monkeypatch.setenv("RISK_STREAM_JAR_REPOSITORY", repository.url)
        yield repository


def test_fetches_each_jar_once(repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first use fetches all and says so on stderr, the second none; the class path keeps the lock's order."""
    first = class_path(tmp_path, JARS)
    assert [path.read_bytes() for path in first] == list(CONTENTS.values())
    said = capsys.readouterr()
    assert said.out == ""
    assert "Kafka 4.2.2: fetching 3 jars, once" in said.err
    assert class_path(tmp_path, JARS) == first
    assert sorted(repository.jars_asked) == sorted(f"/{jar.path}" for jar in JARS)
    assert capsys.readouterr().err == ""


def test_wrong_checksum_is_refused_and_thrown_away(repository: Repository, tmp_path: Path) -> None:
    """A jar with other bytes than the lock file's never reaches the cache."""
    repository.files[f"/{JARS[0].path}"] = b"something else"
    with pytest.raises(BrokerError, match=r"Wrong checksum: org.example:kafka_2.13:4.2.2 has SHA-256"):
        class_path(tmp_path, JARS)
    assert not (tmp_path / JARS[0].filename).exists()


def test_damaged_jar_is_fetched_again(repository: Repository, tmp_path: Path) -> None:
    """Bytes that changed on disk are noticed when the broker is started, and replaced."""
    damaged = class_path(tmp_path, JARS)[1]
    damaged.write_bytes(b"bit rot")
    class_path(tmp_path, JARS)
    assert damaged.read_bytes() == CONTENTS["kafka-clients"]
    assert repository.jars_asked.count(f"/{JARS[1].path}") == 2


def test_jar_that_nobody_has_is_said(repository: Repository, tmp_path: Path) -> None:
    """404 is no network failure: it is said at once which jar is missing."""
    del repository.files[f"/{JARS[2].path}"]
    with pytest.raises(BrokerError, match=r"No configured repository handed out org.example:slf4j-api:4.2.2"):
        class_path(tmp_path, JARS)


def test_no_network_is_said_with_what_to_do(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without an answer from anywhere the error names the ways out."""
    (port,) = free_ports("127.0.0.1", 1)
    monkeypatch.setenv("RISK_STREAM_JAR_REPOSITORY", f"http://127.0.0.1:{port}")
    with pytest.raises(BrokerError, match=r"(?s)No network: .*refused.*HTTPS_PROXY.*RISK_STREAM_BROKER"):
        class_path(tmp_path, JARS)


def test_two_processes_fetch_once(repository: Repository, tmp_path: Path) -> None:
    """Processes that start together wait for each other instead of fetching the same jars."""
    code = (
        "import sys; from pathlib import Path; from tests.broker.repository import JARS; "
        "from risk_stream.broker.jars import class_path; class_path(Path(sys.argv[1]), JARS)"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(repository.jars_asked) == len(JARS)


def test_local_maven_repository_is_used_when_it_has_the_right_bytes(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A developer's own repository saves the download, but only byte for byte."""
    local = tmp_path / "m2"
    for jar, data in zip(JARS, (CONTENTS["kafka_2.13"], b"another build", CONTENTS["slf4j-api"]), strict=True):
        (local / jar.path).parent.mkdir(parents=True)
        (local / jar.path).write_bytes(data)
    class_path(tmp_path / "cache", JARS)
    assert repository.jars_asked == [f"/{JARS[1].path}"]
    assert (tmp_path / "cache" / JARS[1].filename).read_bytes() == CONTENTS["kafka-clients"]


def test_unusable_cache_folder_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache that cannot be made is named, with the variable that moves it."""
    (tmp_path / "risk-stream").write_text("a file in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "risk-stream" / "jars"
    with pytest.raises(BrokerError, match=r"(?s)cache folder .* cannot be used: .*XDG_CACHE_HOME"):
        class_path(jars=JARS)


def test_lock_file_is_complete() -> None:
    """Every jar of the lock has a digest and a fixed version, once; a logging backend is among them."""
    jars = locked_jars()
    assert kafka_version(jars) >= "4"
    assert len({jar.filename for jar in jars}) == len(jars)
    assert all(len(jar.sha256) == 64 and "SNAPSHOT" not in jar.version for jar in jars)
    assert {"kafka-clients", "log4j-slf4j-impl", "log4j-core"} <= {jar.artifact for jar in jars}
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {kafka_version(jars)}


def test_users_own_resolver_settings_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Repositories of the resolver's configuration file are asked before its default, our variable replaces both."""
    monkeypatch.delenv("RISK_STREAM_JAR_REPOSITORY", raising=False)
    config = tmp_path / "jgo.conf"
    config.write_text("[repositories]\nmirror = http://127.0.0.1:9/maven\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(config))
    assert next(iter(remote_repositories().items())) == ("mirror", "http://127.0.0.1:9/maven")
    assert len(remote_repositories()) == 2
    monkeypatch.setenv("RISK_STREAM_JAR_REPOSITORY", "http://127.0.0.1:9/ours/")
    assert remote_repositories() == {"configured": "http://127.0.0.1:9/ours"}
