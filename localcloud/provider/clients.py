"""boto3 clients of one endpoint, one a service and region."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config

from localcloud.site import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Site

GLOBAL = frozenset({"iam", "sts"})
"""Services without regions; their calls go to the provider's own."""
_WAIT_S = 90
"""A create call answers when the database does; the slowest has its own deadline of 30 s."""


class Clients:
    """Clients are made once each and are safe to use from several threads."""

    def __init__(self, site: Site, region: str) -> None:
        self.region = region
        self._url = site.endpoint_url
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._session: Any = None

    def get(self, service: str, region: str | None) -> Any:
        """The client of ``service`` in ``region``, by default the provider's."""
        home = self.region if region is None or service in GLOBAL else region
        with self._lock:
            if (service, home) not in self._clients:
                self._session = self._session or boto3.session.Session()
                self._clients[service, home] = self._session.client(
                    service,
                    region_name=home,
                    endpoint_url=self._url,
                    aws_access_key_id=ACCESS_KEY_ID,
                    aws_secret_access_key=SECRET_ACCESS_KEY,
                    config=Config(
                        read_timeout=_WAIT_S,
                        # A repeated create would meet its own first attempt.
                        retries={"total_max_attempts": 1},
                        max_pool_connections=32,
                    ),
                )
            return self._clients[service, home]
