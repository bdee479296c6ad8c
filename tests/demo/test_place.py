"""Where the demo's worker lives, whatever its user has set."""

import os

import pytest

from risk_stream.demo.place import open_place
from risk_stream.ops.load import load_settings

USERS = {
    "RISK_STREAM_BROKER": "127.0.0.1:1",
    "RISK_STREAM_APP_ID": "mine",
    "RISK_STREAM_TOPIC_PREFIX": "mine.",
    "RISK_STREAM_METRICS_HOST": "0.0.0.0",
    "RISK_STREAM_METRICS_PORT": "-1",
    "RISK_STREAM_GROUP_INSTANCE_ID": "mine",
}


def test_worker_has_the_settings_of_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read by the worker from its environment, they are those that the demo itself uses."""
    for name, value in USERS.items():
        monkeypatch.setenv(name, value)
    with open_place(load_settings()) as place:
        worker = {f"RISK_STREAM_{name.upper()}": str(value) for name, value in place.worker_settings.items()}
        assert load_settings(os.environ | worker) == place.settings
        assert place.settings.metrics_host == "127.0.0.1"
