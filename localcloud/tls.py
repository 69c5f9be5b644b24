"""The local cloud's certificate authority, and certificates for the real addresses of servers."""

from __future__ import annotations

import datetime
import ipaddress
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = datetime.timedelta(days=3650)
_EARLIER = datetime.timedelta(hours=1)
"""Certificates start in the past, so that a clock set back a little does not refuse them."""


@dataclass(frozen=True)
class Certificate:
    """Three PEM files for a server."""

    certificate: Path
    key: Path
    ca: Path


class Authority:
    """A CA of its own in ``folder``, made at first use. Its key never leaves the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    @property
    def ca(self) -> Path:
        """The file that clients trust."""
        return self._folder / "ca.pem"

    def issue(self, folder: Path, hosts: Iterable[str]) -> Certificate:
        """A certificate for every address in ``hosts``, written into ``folder``.

        An existing one for the same addresses stays as it is. The key has mode 0600; its
        owner is up to the caller.
        """
        paths = Certificate(folder / "cert.pem", folder / "key.pem", self.ca)
        wanted = sorted(ipaddress.IPv4Address(host) for host in hosts)
        with self._lock:
            self._ensure_ca()
            if not _names_exactly(paths.certificate, wanted) or not paths.key.exists():
                folder.mkdir(parents=True, exist_ok=True)
                self._sign(paths, wanted)
        return paths

    def ensure(self) -> None:
        """Make the CA if there is none yet."""
        with self._lock:
            self._ensure_ca()

    def _ensure_ca(self) -> None:
        key_file = self._folder / "ca.key"
        if self.ca.exists() and key_file.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("local cloud: not an AWS certificate authority")
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            _builder(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .sign(key, hashes.SHA256())
        )
        _write(key_file, _pem(key), 0o600)
        _write(self.ca, certificate.public_bytes(serialization.Encoding.PEM), 0o644)

    def _sign(self, paths: Certificate, hosts: list[ipaddress.IPv4Address]) -> None:
        ca_key = serialization.load_pem_private_key(
            (self._folder / "ca.key").read_bytes(), password=None
        )
        assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
        ca = x509.load_pem_x509_certificate(self.ca.read_bytes())
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([x509.IPAddress(host) for host in hosts])
        usage = x509.ExtendedKeyUsage(
            # A replica presents its certificate to its source, too.
            [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        )
        certificate = (
            _builder(_name(str(hosts[0])), ca.subject, key.public_key())
            .add_extension(alternatives, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False
            )
            .sign(ca_key, hashes.SHA256())
        )
        _write(paths.key, _pem(key), 0o600)
        _write(paths.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _LIFE)
    )


def _names_exactly(file: Path, hosts: list[ipaddress.IPv4Address]) -> bool:
    if not file.exists():
        return False
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(names.get_values_for_type(x509.IPAddress)) == hosts


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(file: Path, content: bytes, mode: int) -> None:
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(content)
    fresh.chmod(mode)
    fresh.replace(file)
