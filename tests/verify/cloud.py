"""A local cloud for these tests: its databases made with plain boto3, its record made by hand.

The exercises meet the same servers and answers as a deployed stack's, but nothing of the
program: what it would write into its outputs is typed here.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import mysql.connector

from localcloud import daemon
from localcloud.fleet import Fleet
from localcloud.servers.mariadb_template import administrator
from localcloud.site import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Site
from tests.addresses import prefix
from tests.verify.databases import (
    PASSWORD,
    REGION,
    USER,
    Client,
    create_aurora,
    create_mysql,
    create_redis,
)

PREFIX = prefix(84)


class TestCloud:
    """The endpoint's clients, the servers' processes, and the record of what is deployed."""

    __test__ = False

    def __init__(self, site: Site) -> None:
        self.site = site
        self.arns: dict[str, str] = {}
        self._databases: dict[str, Any] = {}
        self._more: dict[Callable[[Client, str], dict[str, Any]], dict[str, Any]] = {}

    def client(self, service: str, region: str = REGION) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.site.endpoint_url,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
        )

    def record(self) -> dict[str, Any]:
        """The stack's record as plain JSON values, made anew for each test to bend."""
        return {
            "stack": "dev",
            "outputs": {"databases": copy.deepcopy(self._databases)},
            "access": {
                "endpoint_url": self.site.endpoint_url,
                "access_key_id": ACCESS_KEY_ID,
                "secret_access_key": SECRET_ACCESS_KEY,
                "ca_file": str(self.site.ca_dir / "ca.pem"),
                "metrics_period_s": 1,
                "log_delivery_s": 2,
                "restore_s": 60,
            },
        }

    def deploy(self) -> None:
        """Create the databases, as many at once as depend on nothing."""
        secrets = self.client("secretsmanager")
        for name, facts in (
            ("mysql", {"username": USER, "password": PASSWORD}),
            ("redis", {"auth_token": PASSWORD}),
            ("wrong", {"username": USER, "password": "another-password"}),
            ("narrow", {"username": "narrow", "password": PASSWORD}),
        ):
            answer = secrets.create_secret(Name=name, SecretString=json.dumps(facts))
            self.arns[name] = answer["ARN"]
        wanted = ((create_mysql, "mysql"), (create_aurora, "mysql"), (create_redis, "redis"))
        with ThreadPoolExecutor(3) as pool:
            made = [pool.submit(create, self.client, self.arns[name]) for create, name in wanted]
            for future in made:
                self._databases |= future.result()

    def also(self, create: Callable[[Client, str], dict[str, Any]], secret: str) -> dict[str, Any]:
        """Databases beyond those of every test, made when the first test asks for them."""
        if create not in self._more:
            self._more[create] = create(self.client, self.arns[secret])
        return copy.deepcopy(self._more[create])

    def pid(self, identifier: str) -> int:
        """The process of a database server; `LookupError` when none runs just now."""
        for server in json.loads(self._servers())["servers"]:
            named = server["identifier"] == identifier and server["kind"] != "endpoint"
            if named and server["pid"] is not None:
                return int(server["pid"])
        raise LookupError(identifier)

    def host(self, identifier: str) -> str:
        """The address of a database server."""
        for server in json.loads(self._servers())["servers"]:
            if server["identifier"] == identifier and server["kind"] != "endpoint":
                return str(server["address"]).partition(":")[0]
        raise LookupError(identifier)

    @contextmanager
    def silent(self, identifier: str) -> Iterator[None]:
        """A server that neither answers nor goes away."""
        pid = self.pid(identifier)
        os.kill(pid, signal.SIGSTOP)
        try:
            _await_stop(pid)
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def login(self, host: str) -> Iterator[Any]:
        """A cursor of the master user's, who is any client."""
        connection = mysql.connector.connect(
            host=host,
            user=USER,
            password=PASSWORD,
            ssl_ca=str(self.site.ca_dir / "ca.pem"),
            autocommit=True,
            connection_timeout=5,
            use_pure=True,
        )
        try:
            yield connection.cursor()
        finally:
            connection.close()

    def as_administrator(self, host: str, *statements: str) -> None:
        """Run statements with the rights that RDS gives to nobody."""
        with self.administrator(host) as connection:
            for statement in statements:
                connection.cursor().execute(statement)

    @contextmanager
    def administrator(self, host: str) -> Iterator[Any]:
        """A connection by the server's socket: no TLS, every right."""
        connection = mysql.connector.connect(
            unix_socket=str(self.site.run_dir / host / "mariadb.sock"),
            user=administrator(),
            autocommit=True,
            ssl_disabled=True,
            connection_timeout=5,
            use_pure=True,
        )
        try:
            yield connection
        finally:
            connection.close()

    def _servers(self) -> bytes:
        with urllib.request.urlopen(self.site.endpoint_url + daemon.SERVERS, timeout=5) as answer:
            found: bytes = answer.read()
        return found


def _await_stop(pid: int) -> None:
    """A stop takes hold of one thread after the other; until then the others still answer."""
    end = time.monotonic() + 5
    tasks = Path(f"/proc/{pid}/task")
    while any(_state(task) != "T" for task in tasks.iterdir()):
        assert time.monotonic() < end, f"process {pid} did not stop"
        time.sleep(0.001)


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


@contextmanager
def running_cloud() -> Iterator[TestCloud]:
    """A local cloud with its databases; processes and files are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="verify-", dir="/var/tmp"))
    # The servers run as users of their own.
    folder.chmod(0o755)
    # What exercises say of a silent server is looked at for longer than one may stay silent.
    site = Site(folder / "state", PREFIX, replaces_silent=False)
    try:
        daemon.ensure_running(site)
        cloud = TestCloud(site)
        cloud.deploy()
        yield cloud
    finally:
        daemon.stop(site)
        Fleet(site).wipe()
        shutil.rmtree(folder)
