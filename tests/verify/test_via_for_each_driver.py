"""Each engine's driver through sessions, and nodes that only a cluster's own answer names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract import Endpoint
from tests.verify.cloud import TestCloud
from tests.verify.command import Finished, Verify
from tests.verify.databases import REGION
from tests.verify.sessions import Sessions, create_host
from tests.verify.sharded import create_sharded
from verify import cache, discovery, postgres_sql, reach, sql
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import NotTrusted

SOMEBODY = Credentials("somebody", "no-password")


@pytest.fixture(scope="module")
def host(cloud: TestCloud) -> str:
    return create_host(cloud)


@pytest.fixture
def sessions(cloud: TestCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    found = Sessions(cloud, tmp_path)
    found.install(monkeypatch)
    yield found
    assert found.running == []
    assert found.active() == []


@pytest.fixture
def run(cloud: TestCloud, host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """The exercises of some databases, through the client host."""

    def run(databases: dict[str, Any]) -> Finished:
        record = cloud.record()
        record["outputs"] = {
            "databases": json.loads(json.dumps(databases)),
            "client_hosts": {REGION: {"instance": host, "region": REGION}},
        }
        return Verify(record, tmp_path, capsys)("--via", "client-host")

    return run


def test_postgres_and_mariadb(run: Any, sessions: Sessions, engines: dict[str, Any]) -> None:
    done = run({name: engines[name] for name in ("ledger", "wiki")})
    assert done.code == 0, done.out + done.err
    assert {each["to"][1] for each in sessions.started} == {5432, 3306}


def test_every_node_of_a_cluster_mode_cache_has_a_session_of_its_own(
    cloud: TestCloud, run: Any, sessions: Sessions
) -> None:
    facts = cloud.also(create_sharded, "redis")
    done = run({"sessions": facts})
    assert done.code == 0, done.out + done.err
    # The output names one address; MOVED and CLUSTER SLOTS name the nodes'.
    reached = {tuple(each["to"]) for each in sessions.started}
    assert len(reached) == len(sessions.started) >= 4
    assert (facts["endpoints"][0]["host"], 6379) in reached


def test_every_node_of_memcached_has_a_session_of_its_own(
    cloud: TestCloud, run: Any, sessions: Sessions
) -> None:
    client = cloud.client("elasticache")
    client.create_cache_cluster(
        CacheClusterId="far-pages",
        Engine="memcached",
        EngineVersion="1.6.22",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=2,
        AZMode="cross-az",
        TransitEncryptionEnabled=True,
    )
    (made,) = client.describe_cache_clusters(CacheClusterId="far-pages", ShowCacheNodeInfo=True)[
        "CacheClusters"
    ]
    nodes = [("node", each["Endpoint"]["Address"]) for each in made["CacheNodes"]]
    all_ = [("configuration", made["ConfigurationEndpoint"]["Address"]), *nodes]
    done = run(
        {
            "far-pages": {
                "kind": "memcached",
                "engine": "memcached",
                "version": "1.6.22",
                "region": REGION,
                "cluster": "far-pages",
                "instances": [each["CacheNodeId"] for each in made["CacheNodes"]],
                "endpoints": [{"role": role, "host": at, "port": 11211} for role, at in all_],
            }
        }
    )
    assert done.code == 0, done.out + done.err
    assert {each["to"][0] for each in sessions.started} == {at for _, at in all_}


class Sign:
    """A way that leads a name which no resolver knows to a server."""

    home = ""

    def __init__(self, host: str, port: int) -> None:
        self._there = host, port

    def address(self, host: str, port: int) -> reach.Address:
        assert (host, port) == ("db.nowhere.invalid", 1)
        return self._there


NOWHERE = Endpoint(role="writer", host="db.nowhere.invalid", port=1)


def ask_mysql(ca: str) -> None:
    sql.open_connection(NOWHERE, SOMEBODY, Deadline(10), ca=ca)


def ask_postgres(ca: str) -> None:
    postgres_sql.open_connection(NOWHERE, SOMEBODY, Deadline(10), ca=ca)


def ask_redis(ca: str) -> None:
    cache.open_connection(NOWHERE, SOMEBODY, Deadline(10), tls=True, ca=ca)


def ask_memcached(ca: str) -> None:
    with discovery.Node(NOWHERE, discovery.Trust(True, ca), Deadline(10)) as node:
        node.version()


@pytest.mark.parametrize(
    ("ask", "database", "port"),
    [
        (ask_mysql, "mysql", 3306),
        (ask_postgres, "ledger", 5432),
        (ask_redis, "redis", 6379),
        # TLS comes first there, too; its server is Redis's.
        (ask_memcached, "redis", 6379),
    ],
)
def test_each_driver_connects_where_it_is_led_and_asks_for_the_name_that_it_was_given(
    cloud: TestCloud, engines: dict[str, Any], ask: Any, database: str, port: int
) -> None:
    known = {**cloud.record()["outputs"]["databases"], **engines}
    sign = Sign(known[database]["endpoints"][0]["host"], port)
    with reach.by(sign), pytest.raises(NotTrusted, match=r"db\.nowhere\.invalid") as refused:
        ask(cloud.record()["access"]["ca_file"])
    # Not the authority, the name: the server's certificate has another one.
    assert "mismatch" in str(refused.value) or "does not match" in str(refused.value)
