"""A cluster behind TLS and a password: everything works through that door, and each refusal is told from the others."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_stream.broker.config import HOST
from tests.cli.command import EXECUTABLE, Done, clean_environment, risk_stream
from tests.kafka.certificates import new_authority
from tests.kafka.secured_broker import PASSWORD, USER, SecuredBroker
from tests.waiting import wait_for

pytestmark = pytest.mark.broker

WRONG = "wrong-horse"
READY_S = 120.0
VALUE = '{"portfolio_id": "alpha", "total_value": "1000000"}'
ORDER = '{"order_id": "o-1", "portfolio_id": "alpha", "symbol": "A", "side": "BUY", "quantity": 1, "price": "25.50"}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the certificates lie: `ours.pem` is the broker's authority, `other.pem` has nothing to do with it."""
    return tmp_path_factory.mktemp("secured")


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[SecuredBroker]:
    """One for this file."""
    new_authority(folder / "other.pem")
    with SecuredBroker(folder, new_authority(folder / "ours.pem")) as broker:
        yield broker


@pytest.fixture
def settings(broker: SecuredBroker, folder: Path, tmp_path: Path) -> dict[str, str]:
    """The right ones."""
    return {
        "RISK_STREAM_BROKER": broker.secured,
        "RISK_STREAM_SECURITY_PROTOCOL": "SASL_SSL",
        "RISK_STREAM_SASL_USERNAME": USER,
        "RISK_STREAM_SASL_PASSWORD": PASSWORD,
        "RISK_STREAM_SSL_CA_FILE": str(folder / "ours.pem"),
        "RISK_STREAM_DATA_DIR": str(tmp_path),
        "RISK_STREAM_METRICS_PORT": "-1",
        "RISK_STREAM_PARTITIONS": "1",
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_everything_works_through_tls_and_a_password(settings: dict[str, str], tmp_path: Path, mechanism: str) -> None:
    """Topics, publish, a worker's decision, tail, doctor; the password shows nowhere, at the chattiest level either."""
    name = mechanism.lower()
    env = {
        **settings,
        "RISK_STREAM_SASL_MECHANISM": mechanism,
        "RISK_STREAM_TOPIC_PREFIX": f"{name}.",
        "RISK_STREAM_APP_ID": name,
        "RISK_STREAM_LOG_LEVEL": "DEBUG",
    }
    done = [
        risk_stream("topics", "create", env=env),
        risk_stream("publish", "portfolio-values", stdin=VALUE, env=env),
        risk_stream("publish", "orders", stdin=ORDER, env=env),
    ]
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen([EXECUTABLE, "worker"], env=clean_environment(env), stderr=output)
    try:

        def decided() -> bool:
            assert worker.poll() is None, log.read_text()[-2000:]
            done.append(risk_stream("tail", "decisions", "--from-beginning", env=env))
            return bool(done[-1].out)

        wait_for(decided, READY_S)
        worker.terminate()
        assert worker.wait(READY_S) == 0
    finally:
        worker.kill()
        worker.wait()
    assert done[-1].out.endswith("alpha  o-1  APPROVED  OK\n")
    done.append(risk_stream("doctor", env=env))
    assert [one.code for one in done] == [0] * len(done), done
    said = log.read_text()
    assert "DEBUG" in said
    assert PASSWORD not in said + "".join(one.out + one.err for one in done)


NO_SASL = {"SASL_USERNAME": "", "SASL_PASSWORD": ""}
REFUSALS = [
    ({"SASL_PASSWORD": WRONG}, f"refuses user {USER}: Authentication failed", "RISK_STREAM_SASL_PASSWORD"),
    ({"SASL_PASSWORD": WRONG, "SASL_MECHANISM": "PLAIN"}, f"refuses user {USER}: ", "RISK_STREAM_SASL_PASSWORD"),
    ({"SASL_USERNAME": "nobody"}, "refuses user nobody: ", "RISK_STREAM_SASL_USERNAME"),
    ({"SASL_MECHANISM": "SCRAM-SHA-256"}, "takes no password by SCRAM-SHA-256", "RISK_STREAM_SASL_MECHANISM"),
    ({"SSL_CA_FILE": "other.pem"}, "certificate is not trusted: unable to get", "RISK_STREAM_SSL_CA_FILE"),
    ({"SSL_CA_FILE": ""}, "certificate is not trusted: unable to get", "RISK_STREAM_SSL_CA_FILE"),
    ({"BROKER": "localhost"}, "certificate is not trusted: Hostname mismatch", "as its certificate does"),
    ({"SECURITY_PROTOCOL": "SSL", **NO_SASL}, "hangs up on SSL", "RISK_STREAM_SECURITY_PROTOCOL"),
    (
        {"SECURITY_PROTOCOL": "", "SSL_CA_FILE": "", **NO_SASL},
        "hangs up on PLAINTEXT",
        "RISK_STREAM_SECURITY_PROTOCOL",
    ),
    ({"BROKER": "in the clear"}, "hangs up on SASL_SSL", "RISK_STREAM_SECURITY_PROTOCOL"),
]


@pytest.mark.parametrize(("wrong", "problem", "advice"), REFUSALS)
def test_refusal_says_what_and_what_to_do(
    broker: SecuredBroker, folder: Path, settings: dict[str, str], wrong: dict[str, str], problem: str, advice: str
) -> None:
    """Exit code 1, one sentence for what, one for what to do, no traceback, no secret; never "is it running?"."""
    places = {
        "other.pem": str(folder / "other.pem"),
        "localhost": broker.secured.replace(HOST, "localhost"),
        "in the clear": broker.bootstrap,
    }
    env = settings | {f"RISK_STREAM_{name}": places.get(value, value) for name, value in wrong.items()}
    done = risk_stream("topics", "describe", env=env)
    assert (done.code, done.out) == (1, "")
    first, second = done.err.splitlines()
    assert first.startswith(f"Error: Kafka at {env['RISK_STREAM_BROKER']}") and problem in first
    assert advice in second
    _no_secret(done)


def test_doctor_says_it_too(settings: dict[str, str]) -> None:
    """What is wrong is the password, not that no broker runs; the answer is no."""
    done = risk_stream("doctor", env=settings | {"RISK_STREAM_SASL_PASSWORD": WRONG})
    assert done.code == 3
    assert f"wrong  broker: {settings['RISK_STREAM_BROKER']} refuses user {USER}" in done.out
    assert "Start one" not in done.out
    _no_secret(done)


def test_worker_says_it_in_its_last_line(settings: dict[str, str]) -> None:
    """Exit code 1, and the last line is enough to know."""
    done = risk_stream("worker", env=settings | {"RISK_STREAM_SASL_PASSWORD": WRONG})
    assert done.code == 1
    last = done.err.splitlines()[-1]
    assert last.startswith("risk-stream worker: stopped: ") and f"refuses user {USER}" in last
    assert "RISK_STREAM_SASL_PASSWORD" in last
    _no_secret(done)


def _no_secret(done: Done) -> None:
    assert PASSWORD not in done.out + done.err
    assert WRONG not in done.out + done.err
