"""Fixtures for the whole suite: above all `broker`, a real Kafka."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings

from risk_stream.broker.embedded import EmbeddedBroker
from tests.containers import container_broker


@dataclass(frozen=True)
class TestBroker:
    """A Kafka for tests, wherever it runs."""

    __test__ = False
    bootstrap: str


# How long an example takes says nothing on a shared machine, and the first of a process loads compiled code.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")

ORIGIN = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config) -> Iterator[TestBroker]:
    """One Kafka for the whole run: the one configured, else in a container, else the embedded one.

    Shared by all tests: use topic prefixes and group names of your own.
    """
    configured = os.environ.get("RISK_STREAM_BROKER")
    if configured:
        pytestconfig.stash[ORIGIN] = f"{configured}, as RISK_STREAM_BROKER says"
        yield TestBroker(configured)
        return
    with container_broker() as offer:
        if offer.bootstrap:
            pytestconfig.stash[ORIGIN] = offer.words
            yield TestBroker(offer.bootstrap)
            return
    with EmbeddedBroker() as embedded:
        pytestconfig.stash[ORIGIN] = f"the embedded one ({offer.words})"
        yield TestBroker(embedded.bootstrap)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where tests run in several processes, tell the one that sums up."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None and ORIGIN in session.config.stash:
        told["origin"] = session.config.stash[ORIGIN]


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node: Any) -> None:
    """Hear it there."""
    if "origin" in getattr(node, "workeroutput", {}):
        node.config.stash[ORIGIN] = node.workeroutput["origin"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which Kafka the tests had, and why not another."""
    if ORIGIN in config.stash:
        terminalreporter.write_line(f"broker of these tests: {config.stash[ORIGIN]}")
