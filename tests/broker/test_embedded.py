"""The embedded broker: a Kafka that starts, is hurt, and comes back."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from risk_stream.broker.config import HOST
from risk_stream.broker.embedded import EmbeddedBroker
from risk_stream.broker.errors import BrokerError
from risk_stream.broker.launch import PortTakenError
from risk_stream.broker.probe import free_ports, is_ready

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """A broker that this file may hurt."""
    with EmbeddedBroker(data_dir=tmp_path_factory.mktemp("broker")) as broker:
        yield broker


def answers(broker: EmbeddedBroker) -> bool:
    """Whether a client is served."""
    return is_ready(HOST, broker.port)


def test_serves_and_comes_back_at_the_same_address_after_a_kill(own_broker: EmbeddedBroker) -> None:
    """A killed broker is gone at once, and start() brings it back where it was, formatted only once."""
    address, cluster = own_broker.bootstrap, (own_broker.data_dir / "kafka" / "meta.properties").read_text()
    assert answers(own_broker)
    own_broker.kill()
    assert not own_broker.running
    assert not answers(own_broker)
    own_broker.start()
    assert answers(own_broker)
    assert own_broker.bootstrap == address
    assert (own_broker.data_dir / "kafka" / "meta.properties").read_text() == cluster


def test_suspended_broker_is_silent_and_resumes(own_broker: EmbeddedBroker) -> None:
    """suspend() keeps the process and its port but nothing answers; resume() mends it."""
    own_broker.suspend()
    try:
        assert own_broker.running
        assert not answers(own_broker)
    finally:
        own_broker.resume()
    assert answers(own_broker)


def test_listens_on_loopback_only(own_broker: EmbeddedBroker) -> None:
    """No port of the broker is reachable from another machine."""
    assert own_broker.process is not None
    listening = [c for c in psutil.Process(own_broker.process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert own_broker.port in {one.laddr.port for one in listening}
    assert {one.laddr.ip.removeprefix("::ffff:") for one in listening} == {HOST}


def test_port_taken_is_said(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """A second broker on the same port fails before Java is started, and says what to do."""
    with pytest.raises(PortTakenError, match=f"Port {own_broker.port} on {HOST} is taken"):
        EmbeddedBroker(own_broker.port, tmp_path).start()


def test_data_folder_in_use_is_said(own_broker: EmbeddedBroker) -> None:
    """Two brokers never share a data folder, and the running one is not disturbed."""
    with pytest.raises(BrokerError, match="Another broker is running over"):
        EmbeddedBroker(data_dir=own_broker.data_dir).start()
    assert answers(own_broker)


def test_broker_that_ends_early_shows_its_last_words(tmp_path: Path) -> None:
    """A broker that cannot come up is reported with the end of its log, not with a time-out."""
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=x\n")
    with pytest.raises(BrokerError, match=r"(?s)exit code \d+ before it was ready.*node id.*The whole log: "):
        EmbeddedBroker(data_dir=tmp_path).start()


def test_temporary_data_are_removed() -> None:
    """Without a data folder nothing stays behind; closing twice is harmless."""
    broker = EmbeddedBroker()
    assert broker.data_dir.is_dir()
    broker.close()
    broker.close()
    assert not broker.data_dir.exists()
    with pytest.raises(BrokerError, match="no address yet"):
        _ = broker.bootstrap


def test_hurting_a_broker_that_does_not_run_is_an_error() -> None:
    """suspend() and resume() need a process."""
    broker = EmbeddedBroker(free_ports(HOST, 1)[0])
    with pytest.raises(BrokerError, match="not running"):
        broker.suspend()
    broker.close()
