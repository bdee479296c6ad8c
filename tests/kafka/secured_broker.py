"""A broker with a second door: TLS with a certificate of its own authority, and a password by PLAIN or SCRAM."""

from __future__ import annotations

import subprocess
from pathlib import Path
from unittest.mock import patch

from risk_stream.broker import launch as launching
from risk_stream.broker.config import HOST
from risk_stream.broker.embedded import EmbeddedBroker
from risk_stream.broker.probe import free_ports
from tests.kafka.certificates import Authority

USER, PASSWORD = "desk", "correct-horse"
CLUSTER_ID = "c2VjdXJlZC1icm9rZXItMQ"
MODULES = "org.apache.kafka.common.security"


class SecuredBroker(EmbeddedBroker):
    """An embedded broker that serves `USER` at `secured`; the door in the clear is its own."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(data_dir=folder / "data")
        (port,) = free_ports(HOST, 1)
        self.secured = f"{HOST}:{port}"
        self._key_store = folder / "broker.pem"
        self._key_store.write_bytes(authority.issue(HOST))

    def _start_once(self) -> None:
        with patch.object(launching, "_format", _format):
            super()._start_once()

    def _properties(self, port: int, controller_port: int, log_dir: Path) -> str:
        return super()._properties(port, controller_port, log_dir) + self._second_door(port, controller_port)

    def _second_door(self, port: int, controller_port: int) -> str:
        settings = {
            "listeners": f"PLAINTEXT://{HOST}:{port},SASL_SSL://{self.secured},CONTROLLER://{HOST}:{controller_port}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{port},SASL_SSL://{self.secured}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self._key_store,
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.sasl_ssl.plain.sasl.jaas.config": (
                f'{MODULES}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
            ),
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{MODULES}.scram.ScramLoginModule required;",
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())


def _format(java: list[str], properties: Path) -> None:
    """As the broker's own, with a user for SCRAM, whose password lies in the cluster's metadata."""
    scram = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={CLUSTER_ID}", f"--config={properties}"]
    subprocess.run([*command, "--add-scram", scram], check=True, capture_output=True, timeout=60)
