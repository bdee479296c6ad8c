"""A worker that had nothing to do for so long that the broker has forgotten things about it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_stream.broker.embedded import EmbeddedBroker
from tests.kafka.harness import Cluster

pytestmark = pytest.mark.broker

FORGOTTEN_AFTER_S = 3.5
"""As a day by default; it cannot be seen from outside when it is so."""


class ForgetfulBroker(EmbeddedBroker):
    """Forgets the sequence numbers of whoever does not write for three seconds."""

    def _properties(self, port: int, controller_port: int, log_dir: Path) -> str:
        settings = "producer.id.expiration.ms=3000\nproducer.id.expiration.check.interval.ms=100\n"
        return super()._properties(port, controller_port, log_dir) + settings


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[Cluster]:
    """Topics on such a broker."""
    with ForgetfulBroker(data_dir=tmp_path / "broker") as broker:
        cluster = Cluster(broker.bootstrap, tmp_path, "rest.")
        cluster.create_topics()
        yield cluster
        cluster.close()


def test_a_value_then_an_order_after_a_long_rest(forgetful: Cluster) -> None:
    """The value's step writes no decision, and the decision that follows is taken all the same."""
    forgetful.orders(20)
    worker = forgetful.start(expected_for_s=FORGOTTEN_AFTER_S / 2)
    forgetful.judge(20)
    time.sleep(FORGOTTEN_AFTER_S)
    forgetful.publish("portfolio-values", [(0, b"P0", b"100")])
    forgetful.read("portfolio-risk", 1)
    forgetful.publish("orders", [(0, b"P0", b"order-20")])
    forgetful.judge(21)
    assert worker.stop() == 0
