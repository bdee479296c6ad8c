"""A broker that asks its access lists; where there is none, everybody may do everything."""

from __future__ import annotations

from pathlib import Path

from risk_stream.broker.embedded import EmbeddedBroker

GUARDED = (
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
    "allow.everyone.if.no.acl.found=true\n"
)


class GuardedBroker(EmbeddedBroker):
    """An embedded broker with an authorizer."""

    def _properties(self, port: int, controller_port: int, log_dir: Path) -> str:
        return super()._properties(port, controller_port, log_dir) + GUARDED
