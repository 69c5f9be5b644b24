"""Servers and an AWS endpoint for the session, and an environment without the user's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.verify.cloud import AWS, running_aws
from tests.verify.engines import Servers, running_servers


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("AWS_", "DATABASES_", "NO_COLOR"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with running_servers() as found:
        yield found


@pytest.fixture(scope="session")
def aws(servers: Servers) -> Iterator[AWS]:
    with running_aws(servers.ca) as found:
        yield found
