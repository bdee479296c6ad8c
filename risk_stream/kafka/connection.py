"""How to reach a Kafka cluster: address and security, as every client of this package gets them."""

import logging
import os
import ssl
from dataclasses import dataclass, field
from typing import Any


class TlsFilesError(Exception):
    """A certificate or key that cannot be used: names the setting and the file."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Address and credentials of a cluster. Secrets never show in its repr."""

    bootstrap: str
    """host:port, or several, separated by commas."""
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_ca_file: str | None = None
    ssl_cert_file: str | None = None
    ssl_key_file: str | None = None
    ssl_key_password: str | None = field(default=None, repr=False)

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments for any aiokafka client. Reads the certificate files, if there are any."""
        # Here, because no client is made without these options; not above, because settings are read without a client.
        from risk_stream.kafka.inflation import bound_inflation

        bound_inflation()
        options: dict[str, Any] = {"bootstrap_servers": self.bootstrap, "security_protocol": self.security_protocol}
        if self.security_protocol.startswith("SASL"):
            logging.getLogger("aiokafka.conn").addFilter(_shows_no_credentials)
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = self.tls_context()
        return options

    def tls_context(self) -> ssl.SSLContext:
        """What checks the broker's certificate and shows ours. Raises TlsFilesError."""
        try:
            context = ssl.create_default_context(cafile=_path(self.ssl_ca_file))
        except OSError as error:
            raise TlsFilesError(f"ssl_ca_file: {self.ssl_ca_file}: {_reason(error)}") from error
        if self.ssl_cert_file:
            # Without a password OpenSSL would ask the terminal for that of a locked key, and a worker would hang.
            password = self.ssl_key_password or ""
            try:
                context.load_cert_chain(os.path.expanduser(self.ssl_cert_file), _path(self.ssl_key_file), password)
            except OSError as error:
                where = f"{self.ssl_cert_file}, {self.ssl_key_file or 'no key file'}"
                raise TlsFilesError(
                    f"ssl_cert_file, ssl_key_file, ssl_key_password: {where}: {_reason(error)}"
                ) from error
        return context


def _path(file: str | None) -> str | None:
    return os.path.expanduser(file) if file else None


def _reason(error: OSError) -> str:
    """ssl raises three kinds, of which two have no words of their own: a missing file, none of PEM, a locked key."""
    if isinstance(error, ssl.SSLError):
        return f"no usable PEM ({error.reason or error.args[-1]})"
    return error.strerror or str(error)


def _shows_no_credentials(record: logging.LogRecord) -> bool:
    """The client writes every request at DEBUG: with PLAIN the password, with SCRAM what it could be guessed from."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    return not any(type(argument).__name__.startswith("Sasl") for argument in arguments)
