"""Certificates made for one test: an authority of its own, and what it issues for a host."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

VALID = timedelta(hours=12)


@dataclass(frozen=True)
class Authority:
    """Signs certificates; `file` is its own, for clients that trust it (PEM)."""

    file: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def issue(self, address: str) -> bytes:
        """A key and a certificate for a server at an IP address, in one PEM text."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        built = _builder(address, self.certificate.subject, key).add_extension(names, critical=False)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return private + built.sign(self.key, SHA256()).public_bytes(Encoding.PEM)


def new_authority(file: Path) -> Authority:
    """One that nobody trusts yet; its certificate is written to `file`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"authority {file.stem} of a test")
    may_sign = x509.BasicConstraints(ca=True, path_length=0)
    certificate = _builder(file.stem, subject, key, subject).add_extension(may_sign, critical=True).sign(key, SHA256())
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    return Authority(file, certificate, key)


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, subject: x509.Name | None = None
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject or _name(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID)
        .not_valid_after(now + VALID)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])
