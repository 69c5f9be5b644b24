"""One served endpoint a module; each test has a project of its own and destroys what it made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from localcloud.site import Site
from tests.addresses import prefix
from tests.localcloud.engine.stage import Stage
from tests.localcloud.front_site import Endpoint, served
from tests.localcloud.recording_fleet import RecordingFleet


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("engine"), prefix(83))


@pytest.fixture(scope="module")
def endpoint(site: Site) -> Iterator[Endpoint]:
    with served(site, RecordingFleet()) as found:
        yield found


@pytest.fixture(scope="session")
def session() -> boto3.session.Session:
    return boto3.session.Session()


@pytest.fixture
def stage(
    endpoint: Endpoint,
    site: Site,
    tmp_path: Path,
    session: boto3.session.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    # A session reads the services' models, most of a second; an `up` of its own has one, too.
    monkeypatch.setattr(boto3.session, "Session", lambda: session)
    found = Stage.of(endpoint, site, tmp_path)
    yield found
    if found.state_file.exists():
        found.destroy()
        assert list(found.state()) == []
        assert found.state().replaced == []
