"""Which CAs the drivers' connections believe; read once."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest

from verify.contexts import also, only
from verify.trust import stranger


def names(context: ssl.SSLContext) -> list[object]:
    return [ca["subject"][0][0][1] for ca in context.get_ca_certs()]


def test_a_file_is_read_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text(stranger())
    for make in (only, also):
        first = make(str(ca))
        assert make(str(ca)) is first
        assert first.verify_mode is ssl.CERT_REQUIRED
        assert first.check_hostname
        then = ca.stat().st_mtime_ns + 1_000_000_000
        os.utime(ca, ns=(then, then))
        assert make(str(ca)) is not first


def test_a_database_with_its_own_ca_needs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca, system = tmp_path / "ca.pem", tmp_path / "system.pem"
    ca.write_text(stranger())
    system.write_text(stranger() + stranger())
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    assert names(only(str(ca))) == ["a CA nobody knows"]
    assert len(names(also(str(ca)))) == 3
    assert len(names(also(None))) == 2
