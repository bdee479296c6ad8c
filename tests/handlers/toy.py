"""Installs a toy package that offers handlers: a module, and the metadata that pip would leave beside it."""

from pathlib import Path

MODULE = """
import os
import threading
import time
from pathlib import Path

def target():
    return Path(os.environ["TOY_FILE"])

class ToFile:
    async def start(self):
        self.lock = threading.Lock()

    def handle(self, violation):
        with self.lock, target().open("a") as file:
            file.write(violation.violation_id + "\\n")

class Picky(ToFile):
    def handle(self, violation):
        if "poison" in violation.violation_id:
            raise ValueError("never this one")
        super().handle(violation)

class Blocks:
    async def handle(self, violation):
        time.sleep(3600)

def create(settings):
    return ToFile()

def create_picky(settings):
    return Picky()

def create_blocking(settings):
    return Blocks()

def create_broken(settings):
    raise RuntimeError("no licence")

def create_nothing(settings):
    return object()
"""
ENTRY_POINTS = """[risk_stream.violation_handlers]
to-file = toy_handlers:create
picky = toy_handlers:create_picky
blocks = toy_handlers:create_blocking
broken = toy_handlers:create_broken
nothing = toy_handlers:create_nothing
missing = toy_handlers:no_such_thing
"""


def install(folder: Path, name: str = "toy-handlers", entry_points: str = ENTRY_POINTS) -> Path:
    """Into a folder that can be put on sys.path; returns it."""
    folder.mkdir(exist_ok=True)
    (folder / "toy_handlers.py").write_text(MODULE)
    metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(entry_points)
    return folder
