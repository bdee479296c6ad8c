"""A set of topics of its own for each command-line test that needs a broker."""

import uuid
from typing import Any

import pytest

from tests.cli.command import Done, risk_stream
from tests.conftest import TestBroker


class Shell:
    """Runs commands against one broker and topic prefix."""

    def __init__(self, bootstrap: str) -> None:
        self.prefix = f"cli{uuid.uuid4().hex[:8]}."
        self.bootstrap = bootstrap
        self.env = {"RISK_STREAM_BROKER": bootstrap, "RISK_STREAM_TOPIC_PREFIX": self.prefix}

    def __call__(self, *arguments: str, stdin: str = "") -> Done:
        """Run one and return what it left."""
        return risk_stream(*arguments, stdin=stdin, env=self.env)

    def good(self, *arguments: str, stdin: str = "") -> Any:
        """Run one that must succeed; its JSON."""
        done = self(*arguments, "--json", stdin=stdin)
        assert done.code == 0, done.err
        return done.json


@pytest.fixture
def shell(broker: TestBroker) -> Shell:
    """Topics not made yet."""
    return Shell(broker.bootstrap)


@pytest.fixture
def ready_shell(shell: Shell) -> Shell:
    """Topics made."""
    shell.good("topics", "create", "--partitions", "2")
    return shell
