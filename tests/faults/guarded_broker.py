"""A broker that asks its access lists; where there is none, everybody may do everything."""

from __future__ import annotations

from pathlib import Path

from risk_stream.broker.config import server_properties
from risk_stream.broker.embedded import EmbeddedBroker
from tests.faults.own_properties import started_with

GUARDED = (
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
    "allow.everyone.if.no.acl.found=true\n"
)


class GuardedBroker(EmbeddedBroker):
    """An embedded broker with an authorizer."""

    def _start_once(self) -> None:
        def guarded(port: int, controller_port: int, log_dir: Path) -> str:
            return server_properties(port, controller_port, log_dir) + GUARDED

        with started_with(guarded):
            super()._start_once()
