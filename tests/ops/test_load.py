"""Reading the settings: two sources, and every mistake named."""

import ssl
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from risk_stream.ops.load import SettingsError, load_settings
from risk_stream.ops.settings import Secret
from tests.kafka.certificates import new_authority


def test_defaults_need_nothing() -> None:
    """With an empty environment everything has its default."""
    settings = load_settings({})
    assert settings.broker == "127.0.0.1:9092"
    assert settings.partitions == 4
    assert settings.topic("orders") == "risk.orders"
    assert settings.data_dir.name == "risk-stream"


def test_variable_wins_over_file(tmp_path: Path) -> None:
    """The file is read first, the environment overrules it, an empty variable is none."""
    file = tmp_path / "settings.toml"
    file.write_text('partitions = 8\ntopic_prefix = "x."\nsnapshot_interval_s = 2\n')
    environment = {"RISK_STREAM_CONFIG": str(file), "RISK_STREAM_PARTITIONS": "16", "RISK_STREAM_TOPIC_PREFIX": ""}
    settings = load_settings(environment)
    assert (settings.partitions, settings.topic_prefix, settings.snapshot_interval_s) == (16, "x.", 2.0)


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` in a folder is the user's home."""
    monkeypatch.setenv("HOME", "/somewhere")
    assert load_settings({"RISK_STREAM_DATA_DIR": "~/x"}).data_dir == Path("/somewhere/x")


def test_variables_of_other_rooms_are_left_alone() -> None:
    """What is read elsewhere under the same prefix is not taken for a misspelt setting."""
    load_settings({"RISK_STREAM_JAR_REPOSITORY": "http://127.0.0.1/x", "RISK_STREAM_COMPILED_DIR": "/x"})


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"RISK_STREAM_PARTITION": "4"},
            r"no such setting \(did you mean RISK_STREAM_PARTITIONS\?",
        ),
        ({"RISK_STREAM_XYZZY": "4"}, "RISK_STREAM_XYZZY: no such setting$"),
        ({"RISK_STREAM_PARTITIONS": "four"}, "RISK_STREAM_PARTITIONS: Expected `int`"),
        ({"RISK_STREAM_PARTITIONS": "0"}, "RISK_STREAM_PARTITIONS: Expected `int` >= 1"),
        ({"RISK_STREAM_METRICS_PORT": "65536"}, "RISK_STREAM_METRICS_PORT: Expected `int` <= 65535"),
        ({"RISK_STREAM_LOG_LEVEL": "LOUD"}, "RISK_STREAM_LOG_LEVEL: Invalid enum value 'LOUD'"),
        ({"RISK_STREAM_APP_ID": "a b"}, "RISK_STREAM_APP_ID: Expected `str` matching regex"),
        ({"RISK_STREAM_BROKER": "nohost"}, "broker: 'nohost' is not host:port"),
        ({"RISK_STREAM_CONFIG": "/nowhere.toml"}, "RISK_STREAM_CONFIG: /nowhere.toml: "),
        ({"RISK_STREAM_SECURITY_PROTOCOL": "SASL_SSL"}, "sasl_username, sasl_password: both are needed"),
        ({"RISK_STREAM_SASL_PASSWORD": "hunter2"}, "sasl_password: it has no effect"),
        ({"RISK_STREAM_SASL_USERNAME": "u"}, "sasl_username: it has no effect unless security_protocol is SASL_SSL"),
        (
            {"RISK_STREAM_SECURITY_PROTOCOL": "SSL", "RISK_STREAM_SASL_USERNAME": "u"},
            "sasl_username: it has no effect unless security_protocol is SASL_SSL",
        ),
        (
            {"RISK_STREAM_TRANSACTION_TIMEOUT_S": "30"},
            "transaction_timeout_s: must be longer than operation_timeout_s; they are 30 and 30$",
        ),
        (
            {"RISK_STREAM_HEARTBEAT_INTERVAL_S": "10"},
            "session_timeout_s: must be longer than heartbeat_interval_s; they are 10 and 10$",
        ),
        (
            {"RISK_STREAM_WATCHDOG_TIMEOUT_S": "5"},
            "watchdog_timeout_s: must be longer than operation_timeout_s; they are 5 and 30$",
        ),
        ({"RISK_STREAM_TAKEOVER_TIMEOUT_S": "inf"}, "RISK_STREAM_TAKEOVER_TIMEOUT_S: Expected `float` <= 2147483"),
        ({"RISK_STREAM_TAKEOVER_TIMEOUT_S": "nan"}, "RISK_STREAM_TAKEOVER_TIMEOUT_S: Expected `float` > 0"),
    ],
)
def test_mistake_is_named(environment: dict[str, str], message: str) -> None:
    """Each error says which variable and what is wrong with it."""
    with pytest.raises(SettingsError, match=message):
        load_settings(environment)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("partition = 4", r"settings.toml: partition: no such setting \(did you mean partitions\?\)"),
        ('partitions = "4"', "settings.toml: partitions: Expected `int`, got `str`"),
        ("data_dir = 4", "settings.toml: data_dir: Expected `str`"),
        ("[kafka]\nbroker = 'x:1'", "settings.toml: kafka: no such setting"),
        ("partitions =", "settings.toml: Invalid value"),
    ],
)
def test_mistake_in_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    """In the file types are strict, and the error names file and key."""
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_settings({"RISK_STREAM_CONFIG": str(tmp_path / "settings.toml")})


SASL = {
    "RISK_STREAM_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "RISK_STREAM_SASL_USERNAME": "u",
    "RISK_STREAM_SASL_PASSWORD": "hunter2",
}


@pytest.mark.parametrize("broker", ["kafka.example:9092", "127.0.0.1:9092,kafka.example:9092", "10.0.0.1:9092"])
def test_password_is_never_sent_in_the_clear(broker: str) -> None:
    """SASL without TLS is refused unless every address is this machine."""
    with pytest.raises(SettingsError, match="SASL_PLAINTEXT would send the password in the clear"):
        load_settings({**SASL, "RISK_STREAM_BROKER": broker})


@pytest.mark.parametrize("broker", ["127.0.0.1:9092", "localhost:9092,127.0.0.1:9093", "[::1]:9092"])
def test_sasl_without_tls_is_allowed_on_loopback(broker: str) -> None:
    """To a broker on this machine nobody listens in; the client gets the credentials."""
    options = load_settings({**SASL, "RISK_STREAM_BROKER": broker}).connection().client_options()
    assert options["security_protocol"] == "SASL_PLAINTEXT"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("u", "hunter2")
    assert "ssl_context" not in options


@pytest.mark.parametrize("name", ["CA_FILE", "CERT_FILE", "KEY_FILE", "KEY_PASSWORD"])
@pytest.mark.parametrize("environment", [{}, SASL], ids=["PLAINTEXT", "SASL_PLAINTEXT"])
def test_tls_that_would_not_be_used_is_refused(environment: dict[str, str], name: str) -> None:
    """Who names a certificate does not want to speak in the clear."""
    with pytest.raises(SettingsError, match=f"ssl_{name.lower()}: it has no effect unless security_protocol is SSL or"):
        load_settings({**environment, f"RISK_STREAM_SSL_{name}": "ca.pem"})


@pytest.mark.parametrize("name", ["KEY_FILE", "KEY_PASSWORD"])
def test_key_without_a_certificate_is_refused(name: str) -> None:
    """Who names a key wants to show a certificate."""
    with pytest.raises(SettingsError, match=f"^ssl_{name.lower()}: it has no effect without ssl_cert_file"):
        load_settings({"RISK_STREAM_SECURITY_PROTOCOL": "SSL", f"RISK_STREAM_SSL_{name}": "key.pem"})


def test_secrets_never_show() -> None:
    """No repr of the settings, nor of what is made from them, shows a password."""
    safe = {"RISK_STREAM_SECURITY_PROTOCOL": "SASL_SSL"}
    settings = msgspec.structs.replace(load_settings({**SASL, **safe}), ssl_key_password=Secret("hunter2"))
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.connection())


def test_tls_checks_certificates() -> None:
    """With SSL the client verifies the broker's certificate and its name."""
    context = load_settings({"RISK_STREAM_SECURITY_PROTOCOL": "SSL"}).connection().client_options()["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("CA_FILE", None, "^ssl_ca_file: .*pem: No such file"),
        ("CA_FILE", "nonsense", "^ssl_ca_file: .*pem: no usable PEM"),
        ("CERT_FILE", None, "^ssl_cert_file, ssl_key_file, ssl_key_password: .*pem, no key file: No such file"),
        ("CERT_FILE", "nonsense", "^ssl_cert_file, ssl_key_file, ssl_key_password: .*pem, no key file: no usable PEM"),
    ],
)
def test_unusable_certificate_is_named(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    """Found when the settings are read, with the setting and the file; not as a broker that does not answer."""
    file = tmp_path / "some.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_settings({"RISK_STREAM_SECURITY_PROTOCOL": "SSL", f"RISK_STREAM_SSL_{name}": str(file)})


@pytest.mark.parametrize("password", ["", "wrong", "right"])
def test_locked_key_wants_its_password_from_the_settings(tmp_path: Path, password: str) -> None:
    """Nobody is asked on a terminal, where a worker would hang; neither the right nor the wrong one is shown."""
    ours = new_authority(tmp_path / "ours.pem")
    lock = BestAvailableEncryption(b"right")
    (tmp_path / "key.pem").write_bytes(ours.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    environment = {
        "RISK_STREAM_SECURITY_PROTOCOL": "SSL",
        "RISK_STREAM_SSL_CERT_FILE": str(ours.file),
        "RISK_STREAM_SSL_KEY_FILE": str(tmp_path / "key.pem"),
        "RISK_STREAM_SSL_KEY_PASSWORD": password,
    }
    if password == "right":
        assert load_settings(environment).ssl_key_file == str(tmp_path / "key.pem")
        return
    with pytest.raises(SettingsError, match=r"ssl_key_password: .*ours.pem, .*key.pem: no usable PEM") as caught:
        load_settings(environment)
    assert "wrong" not in str(caught.value)
