"""Servers and an AWS endpoint for the session, and an environment without the user's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from botocore.loaders import create_loader

from tests.verify.cloud import TestCloud, running_cloud
from tests.verify.clusters import clusters
from tests.verify.command import Verify
from tests.verify.engines import engines
from tests.verify.pooling import pool

__all__ = ["clusters", "engines", "pool"]


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("AWS_", "DATABASES_", "NO_COLOR"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    # No CA that this machine happens to trust has a say.
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")


@pytest.fixture(scope="session", autouse=True)
def _service_models_read_once() -> Iterator[None]:
    # Each run of the command has a session of its own, and botocore reads megabytes for it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield


@pytest.fixture(scope="session")
def cloud() -> Iterator[TestCloud]:
    with running_cloud() as found:
        yield found


@pytest.fixture
def verify(cloud: TestCloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    return Verify(cloud.record(), tmp_path, capsys)
