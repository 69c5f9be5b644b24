"""An endpoint over a recording fleet, served on loopback for plain boto3 clients."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict
from werkzeug.serving import make_server

from localcloud.fleet import Fleet
from localcloud.site import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Site
from localcloud.wiring import build
from tests.localcloud.recording_fleet import RecordingFleet

_PORTS = (4599, 4600)
"""The first for each endpoint alone at its host, so that its clients are those of the one before;
the second for one that is served beside it."""
_served: set[tuple[str, int]] = set()


@cache
def client_of(url: str, service: str, region: str = "us-east-1") -> Any:
    """A plain boto3 client of the endpoint at ``url``; nothing is retried.

    Making one builds a class of hundreds of methods, most of the time of a short test.
    """
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=30),
    )


@dataclass
class Endpoint:
    """A served front: `client` makes boto3 clients of it, `fleet` saw what servers were asked."""

    url: str
    fleet: RecordingFleet

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return client_of(self.url, service, region)


@contextmanager
def served(site: Site, fleet: RecordingFleet) -> Iterator[Endpoint]:
    """Serve what ``site`` has saved, as a new daemon would: moto starts from nothing else."""
    BackendDict.reset()
    front = build(site, cast(Fleet, fleet), {})
    place = next(p for p in ((site.endpoint_host, port) for port in _PORTS) if p not in _served)
    server = make_server(*place, front, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    _served.add(place)
    try:
        yield Endpoint("http://{}:{}".format(*place), fleet)
    finally:
        _served.remove(place)
        server.shutdown()
        thread.join(5)
        server.server_close()
