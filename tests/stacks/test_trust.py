"""Whose certificates DMS is given: a file of the environment's, and clear words without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from specs.problems import ConfigError
from specs.topologies import read
from stacks.build import build
from stacks.trust import authorities
from tests.recorder import record
from tests.specs.test_migration import MIGRATION, topologies


def migrating() -> None:
    build(read("us-east-1", None, {**topologies(), "move": MIGRATION}))


def test_the_bundle_becomes_dms_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "rds.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\n")
    monkeypatch.setenv("DATABASES_CA_FILE", str(bundle))
    found = record(migrating)
    assert found.named("move-authorities").type == "aws:dms/certificate:Certificate"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("no certificate", "has no PEM certificate in it"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_file_that_is_no_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | bytes | None, said: str
) -> None:
    bundle = tmp_path / "rds.pem"
    if content is not None:
        bundle.write_bytes(content.encode() if isinstance(content, str) else content)
    monkeypatch.setenv("DATABASES_CA_FILE", str(bundle))
    with pytest.raises(ConfigError, match=said):
        authorities()


def test_without_a_bundle_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASES_CA_FILE", raising=False)
    with pytest.raises(ConfigError, match=r"then set DATABASES_CA_FILE=rds\.pem"):
        record(migrating)


def test_a_stack_without_a_migration_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASES_CA_FILE", raising=False)

    def program() -> None:
        build(read("us-east-1", None, topologies()))

    assert record(program).resources
