"""One served endpoint a module, and what databases stand in, made by plain boto3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from localcloud.provider.provider import Provider
from localcloud.site import Site
from tests.addresses import prefix
from tests.localcloud.front_site import served
from tests.localcloud.provider.life import Cloud
from tests.localcloud.recording_fleet import RecordingFleet


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    site = Site(tmp_path_factory.mktemp("provider"), prefix(83))
    with served(site, RecordingFleet()) as endpoint:
        port = int(endpoint.url.rpartition(":")[2])
        provider = Provider(replace(site, endpoint_port=port), "us-east-1")
        yield Cloud(endpoint, provider)
