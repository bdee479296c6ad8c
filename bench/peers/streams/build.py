"""Fetch Kafka Streams' jars, compile the Java file beside this one, and say how the program is started.

Needed: a JDK 17 or newer (javac), in JAVA_HOME or on PATH; the network, once, for 80 MB of jars (locked by checksum).
It runs on the Java that runs the broker.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from risk_stream.broker.fetch import digest_of, fetch
from risk_stream.broker.jars import cache_folder
from risk_stream.broker.java import MAJOR_MIN, find_java, java_major
from risk_stream.broker.lock import locked_jars

HERE = Path(__file__).parent
SOURCE = HERE / "StreamsPeer.java"
LOCK_FILE = HERE / "streams.lock.toml"
HEAP_MB = 1024


class NoJdk(RuntimeError):
    """Kafka Streams cannot be measured here."""


@cache
def command() -> Sequence[str]:
    """The command line of the compiled peer."""
    javac = compiler()
    jars = class_path()
    classes = cache_folder().parent / "bench" / hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    if not (classes / "StreamsPeer.class").exists():
        classes.mkdir(parents=True, exist_ok=True)
        subprocess.run([javac, "--release", str(MAJOR_MIN), "-cp", jars, "-d", str(classes), str(SOURCE)], check=True)
    return (find_java().executable, f"-Xmx{HEAP_MB}m", "-cp", f"{classes}{os.pathsep}{jars}", "StreamsPeer")


def compiler() -> str:
    """`javac` of a JDK that is new enough. Raises NoJdk."""
    home = os.environ.get("JAVA_HOME")
    javac = shutil.which("javac", path=str(Path(home) / "bin") if home else None)
    if javac is None:
        raise NoJdk(
            f"Kafka Streams needs a JDK {MAJOR_MIN}+ with javac, in JAVA_HOME or on PATH (the Java that comes with the "
            "embedded broker has no compiler). Install one, or leave the streams_ systems out of --systems."
        )
    if (java_major(str(Path(javac).resolve().with_name("java"))) or 0) < MAJOR_MIN:
        raise NoJdk(f"Kafka Streams needs a JDK {MAJOR_MIN}+; {javac} is older.")
    return javac


def class_path() -> str:
    """The locked jars, fetched if they are not there."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    jars = locked_jars(LOCK_FILE)
    for jar in jars:
        target = folder / jar.filename
        if not target.is_file() or digest_of(target) != jar.sha256:
            fetch(jar, target, lambda _bytes: None)
    return os.pathsep.join(str(folder / jar.filename) for jar in jars)
