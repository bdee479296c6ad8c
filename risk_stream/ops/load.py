"""Read the settings: an optional TOML file, then the environment. Anything unknown or unusable is an error, named."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from risk_stream.kafka.connection import TlsFilesError
from risk_stream.ops.settings import Secret, Settings, is_loopback

PREFIX = "RISK_STREAM_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
OTHER_VARIABLES = {
    CONFIG_VARIABLE,
    PREFIX + "JAR_REPOSITORY",  # risk_stream/broker/repositories.py
    PREFIX + "COMPILED_DIR",  # risk_stream/messages/compiled/cache.py
    PREFIX + "ENABLE_FAULT_INJECTION",  # risk_stream/kafka/failpoints.py
    PREFIX + "FAILPOINTS",
}
FIELDS = {one.name: one for one in msgspec.structs.fields(Settings)}
SASL_SETTINGS = ("sasl_username", "sasl_password")
TLS_SETTINGS = ("ssl_ca_file", "ssl_cert_file", "ssl_key_file", "ssl_key_password")
KEY_SETTINGS = ("ssl_key_file", "ssl_key_password")
LONGER_THAN = (
    ("transaction_timeout_s", "operation_timeout_s"),  # else the broker may abort what a worker still waits for
    ("session_timeout_s", "heartbeat_interval_s"),  # else each session ends before it is renewed; Kafka's own rule
    ("watchdog_timeout_s", "operation_timeout_s"),  # else waiting for an answer passes for a hang
)
SERVERS = re.compile(r"[^\s:,]+:\d{1,5}(\s*,\s*[^\s:,]+:\d{1,5})*|\[::1\]:\d{1,5}")


class SettingsError(Exception):
    """A sentence that names the variable or the key, and what is wrong with it."""


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. Raises SettingsError."""
    values: dict[str, Any] = {}
    file = environment.get(CONFIG_VARIABLE)
    if file:
        values |= _from_file(Path(file).expanduser())
    values |= _from_environment(environment)
    settings = Settings(**values)
    _check_together(settings)
    return settings


def _from_file(path: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{CONFIG_VARIABLE}: {path}: {error}") from error
    values = {}
    for name, value in raw.items():
        if name not in FIELDS:
            raise SettingsError(f"{path}: {name}: no such setting{_did_you_mean(name)}")
        values[name] = _convert(name, value, f"{path}: {name}", strict=True)
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for variable, text in _ours(environment):
        name = variable.removeprefix(PREFIX).lower()
        if name not in FIELDS:
            raise SettingsError(f"{variable}: no such setting{_did_you_mean(name, PREFIX)}")
        values[name] = _convert(name, text, variable, strict=False)
    return values


def _ours(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for variable, text in environment.items():
        if variable.startswith(PREFIX) and variable not in OTHER_VARIABLES and text:
            yield variable, text


def _convert(name: str, value: Any, source: str, *, strict: bool) -> Any:
    try:
        return msgspec.convert(value, FIELDS[name].type, strict=strict, dec_hook=_special_type)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{source}: {error}") from error


def _special_type(kind: type, value: Any) -> Any:
    if not isinstance(value, str):
        raise msgspec.ValidationError("Expected `str`")
    return Secret(value) if kind is Secret else Path(value).expanduser()


def _check_together(settings: Settings) -> None:
    if not SERVERS.fullmatch(settings.broker):
        raise SettingsError(f"broker: {settings.broker!r} is not host:port (several with commas)")
    if settings.security_protocol.startswith("SASL") and not (settings.sasl_username and settings.sasl_password):
        raise SettingsError("sasl_username, sasl_password: both are needed with SASL")
    if settings.security_protocol == "SASL_PLAINTEXT" and not is_loopback(settings.broker):
        raise SettingsError(
            "security_protocol: SASL_PLAINTEXT would send the password in the clear; use SASL_SSL (only a broker on "
            "loopback may do without)"
        )
    if not settings.security_protocol.startswith("SASL"):
        _refuse(settings, SASL_SETTINGS, "unless security_protocol is SASL_SSL")
    if settings.security_protocol.endswith("SSL"):
        _check_tls_files(settings)
    else:
        _refuse(settings, TLS_SETTINGS, "unless security_protocol is SSL or SASL_SSL")
    for longer, shorter in LONGER_THAN:
        if getattr(settings, longer) <= getattr(settings, shorter):
            values = f"they are {getattr(settings, longer):g} and {getattr(settings, shorter):g}"
            raise SettingsError(f"{longer}: must be longer than {shorter}; {values}")
    _check_webhook(settings)


def _refuse(settings: Settings, names: Iterable[str], unless: str) -> None:
    """Whoever sets one of these believes the connection safer than it is."""
    for name in names:
        if getattr(settings, name) is not None:
            raise SettingsError(f"{name}: it has no effect {unless}")


def _check_tls_files(settings: Settings) -> None:
    if not settings.ssl_cert_file:
        _refuse(settings, KEY_SETTINGS, "without ssl_cert_file")
    try:
        settings.connection().tls_context()
    except TlsFilesError as error:
        raise SettingsError(str(error)) from error


def _check_webhook(settings: Settings) -> None:
    """The URL is a secret too: no message quotes it."""
    if settings.webhook_url is None:
        _refuse(settings, ["webhook_token"], "without webhook_url")
        return
    try:
        url = urlsplit(settings.webhook_url.value)
        port = url.port or 80
    except ValueError:
        raise SettingsError("webhook_url: is no URL") from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise SettingsError("webhook_url: must be https://host/... (http to loopback only)")
    if settings.webhook_token is not None and (url.username or url.password):
        raise SettingsError("webhook_url: a user or password in it and webhook_token exclude each other")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    if url.scheme == "http" and not is_loopback(f"{host}:{port}"):
        raise SettingsError("webhook_url: http would send violations and token in the clear; use https")


def _did_you_mean(name: str, prefix: str = "") -> str:
    close = difflib.get_close_matches(name, FIELDS, 1)
    if not close:
        return ""
    return f" (did you mean {prefix + close[0].upper() if prefix else close[0]}?)"
