from __future__ import annotations

import stat
from pathlib import Path

from cryptography import x509

from localcloud.tls import Authority


def _names(file: Path) -> list[str]:
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return sorted(map(str, extension.value.get_values_for_type(x509.IPAddress)))


def test_a_certificate_names_every_address_and_is_signed_by_the_ca(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    issued = authority.issue(tmp_path / "server", ["127.81.1.2", "127.81.1.1"])
    assert _names(issued.certificate) == ["127.81.1.1", "127.81.1.2"]
    ca = x509.load_pem_x509_certificate(authority.ca.read_bytes())
    x509.load_pem_x509_certificate(issued.certificate.read_bytes()).verify_directly_issued_by(ca)


def test_keys_are_closed_to_others_and_the_ca_is_open(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    issued = authority.issue(tmp_path / "server", ["127.81.1.1"])
    for key in (issued.key, tmp_path / "ca" / "ca.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(authority.ca.stat().st_mode) == 0o644


def test_it_is_issued_anew_only_for_other_addresses(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    first = authority.issue(tmp_path / "server", ["127.81.1.1"]).certificate.read_bytes()
    again = Authority(tmp_path / "ca").issue(tmp_path / "server", ["127.81.1.1"])
    assert again.certificate.read_bytes() == first
    other = authority.issue(tmp_path / "server", ["127.81.1.1", "127.81.1.9"])
    assert other.certificate.read_bytes() != first
