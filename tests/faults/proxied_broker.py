"""A broker with a second listener that it advertises at a proxy's port."""

from __future__ import annotations

from pathlib import Path

from risk_stream.broker.config import HOST
from risk_stream.broker.embedded import EmbeddedBroker
from risk_stream.broker.probe import free_ports


class ProxiedBroker(EmbeddedBroker):
    """Clients that come to the proxied port are sent back to the proxy by the metadata, too."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir=data_dir)
        self._port, self.inner_port, self.proxy_port = free_ports(HOST, 3)  # all at once, so that no two are the same

    def _properties(self, port: int, controller_port: int, log_dir: Path) -> str:
        text = super()._properties(port, controller_port, log_dir)
        own = f"PLAINTEXT://{HOST}:{port}"
        text = text.replace(f"listeners={own},", f"listeners={own},PROXIED://{HOST}:{self.inner_port},", 1)
        text = text.replace(
            f"advertised.listeners={own}", f"advertised.listeners={own},PROXIED://{HOST}:{self.proxy_port}"
        )
        protocols = "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT"
        text = text.replace("listener.security.protocol.map=PLAINTEXT:PLAINTEXT", protocols)
        return text + "inter.broker.listener.name=PLAINTEXT\n"
