"""What the broker consists of: the committed lock file, one jar a row, each with its SHA-256."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

LOCK_FILE = Path(__file__).parent / "kafka.lock.toml"


@dataclass(frozen=True)
class Jar:
    """One file of the class path: its Maven coordinates and the digest that its bytes must have (hex)."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """The file's name in the cache, as in any Maven repository."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        """Where a Maven repository keeps the file, relative to its root."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.filename}"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def locked_jars(lock_file: Path = LOCK_FILE) -> tuple[Jar, ...]:
    """The jars of the lock file, in its order."""
    rows = tomllib.loads(lock_file.read_text("utf-8"))["dependencies"]
    return tuple(Jar(row["groupId"], row["artifactId"], row["version"], row["sha256"]) for row in rows)


def kafka_version(jars: tuple[Jar, ...]) -> str:
    """The version of Kafka among `jars`."""
    return next(jar.version for jar in jars if jar.artifact.startswith("kafka_"))
