"""The wire and the admission of real caches: it passes, and each of its checks can fail."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contract import Endpoint
from tests.verify.cloud import TestCloud
from tests.verify.command import Finished, Verify
from tests.verify.databases import REGION, Client
from tests.verify.sharded import create_sharded
from tests.verify.test_redis_exercise import OPEN_REPLICA, open_cache, open_servers
from verify import redis_access, wire
from verify.cache_security import ADMISSION, CIPHER, CONNECT, ELSEWHERE, PLAIN, STRANGER
from verify.deadline import Deadline
from verify.errors import StepFailed
from verify.trust import stranger

__all__ = ["open_cache", "open_servers"]
WIRE = {CONNECT, CIPHER, PLAIN, STRANGER, ELSEWHERE}
TOKEN = {"a connection without the auth token is refused", "a wrong auth token is refused"}
USERS = {
    "the default user cannot log in",
    "user app may read-write its keys, no more",
    "user app with a wrong password is refused",
    "user report may read-only its keys, no more",
    "user report with a wrong password is refused",
}
NODES = "wired-memcached"
EDGE = "wired-edge"


def create_nodes(client_of: Client, secret: str) -> dict[str, Any]:
    client = client_of("elasticache")
    client.create_cache_cluster(
        CacheClusterId=NODES,
        Engine="memcached",
        EngineVersion="1.6.22",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=2,
        TransitEncryptionEnabled=True,
    )
    (made,) = client.describe_cache_clusters(CacheClusterId=NODES, ShowCacheNodeInfo=True)[
        "CacheClusters"
    ]
    hosts = [("configuration", made["ConfigurationEndpoint"]["Address"])]
    hosts += [("node", node["Endpoint"]["Address"]) for node in made["CacheNodes"]]
    return {
        "kind": "memcached",
        "engine": "memcached",
        "version": "1.6.22",
        "region": REGION,
        "cluster": NODES,
        "endpoints": [{"role": role, "host": host, "port": 11211} for role, host in hosts],
    }


def create_edge(client_of: Client, secret: str) -> dict[str, Any]:
    wanted = {"ServerlessCacheName": EDGE, "Engine": "valkey", "MajorEngineVersion": "8"}
    made = client_of("elasticache").create_serverless_cache(**wanted)["ServerlessCache"]
    return {
        "kind": "serverless-cache",
        "engine": "valkey",
        "version": made["FullEngineVersion"],
        "region": REGION,
        "cluster": EDGE,
        "endpoints": [
            {"role": role, "host": made[field]["Address"], "port": made[field]["Port"]}
            for role, field in (("primary", "Endpoint"), ("reader", "ReaderEndpoint"))
        ],
    }


@pytest.fixture
def caches(cloud: TestCloud, verify: Verify) -> Verify:
    """The command on a record of caches only."""
    verify.record["outputs"]["databases"] = {
        "redis": verify.databases["redis"],
        "sessions": cloud.also(create_sharded, "redis"),
        "memcached": cloud.also(create_nodes, "redis"),
        "edge": cloud.also(create_edge, "redis"),
    }
    return verify


def security(verify: Verify, name: str, *flags: str) -> Finished:
    return verify(name, *flags, exercises=("security",))


def steps(done: Finished, database: str) -> dict[str, str]:
    (found,) = (e for e in done.exercises if e["database"] == database)
    return {step["name"]: step["status"] for step in found["steps"]}


def test_it_passes_twice_on_every_cache(caches: Verify) -> None:
    for _ in range(2):
        done = caches("security")
        assert done.code == 0, done.out + done.err
        assert steps(done, "redis") == dict.fromkeys(WIRE | TOKEN, "passed")
        assert steps(done, "sessions") == dict.fromkeys(WIRE | USERS, "passed")
        assert steps(done, "memcached") == dict.fromkeys(WIRE, "passed")
        assert steps(done, "edge") == {**dict.fromkeys(WIRE, "passed"), ADMISSION: "skipped"}


@pytest.mark.parametrize(("name", "addresses"), [("redis", 2), ("memcached", 3), ("edge", 2)])
def test_every_address_is_looked_at(caches: Verify, name: str, addresses: int) -> None:
    said = security(caches, name).step(CIPHER)[1]
    protocol, cipher, *rest = said.split(" ", 2)
    assert protocol in ("TLSv1.2", "TLSv1.3")
    assert cipher.startswith("TLS_") or "GCM" in cipher or "CHACHA" in cipher
    assert rest == [f"at {addresses} addresses"] or cipher.endswith(",")


def test_a_server_that_takes_plain_text_fails(
    caches: Verify, open_servers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One of its addresses only.
    caches.endpoint("redis", "reader")["host"] = OPEN_REPLICA
    failed = security(caches, "redis").failed
    assert failed[PLAIN] == f"{OPEN_REPLICA}:6379 told a client without TLS: PONG"
    assert set(failed) == {PLAIN, CIPHER, STRANGER, ELSEWHERE}


def test_a_cache_without_tls_does_not_claim_it(open_cache: Verify) -> None:
    done = security(open_cache, "redis")
    assert done.code == 0, done.out
    assert done.step(PLAIN) == ("skipped", "the cache is deployed without TLS")
    assert done.step(CONNECT)[0] == "passed"


@pytest.mark.parametrize("name", ["redis", "memcached", "edge"])
def test_a_client_that_believes_anybody_fails(
    caches: Verify, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    right = Path(caches.record["access"]["ca_file"]).read_text()
    monkeypatch.setattr("verify.trust.stranger", lambda: right)

    @contextmanager
    def nowhere_else(endpoint: Endpoint, deadline: Deadline) -> Iterator[Endpoint]:
        yield endpoint

    monkeypatch.setattr(wire, "relayed", nowhere_else)
    assert set(security(caches, name).failed) == {STRANGER, ELSEWHERE}


def test_an_old_protocol_fails(caches: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl.SSLSocket, "version", lambda self: "TLSv1.1")
    failed = security(caches, "memcached").failed
    assert "TLSv1.1, which is broken" in failed[CIPHER]


def test_whoever_gets_in_without_being_asked_fails(
    caches: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def right(self: redis_access.TokenAccess) -> str:
        return self.refused(self.login(), "no token")

    monkeypatch.setattr(redis_access.TokenAccess, "without", right)
    failed = security(caches, "redis").failed
    assert list(failed.values()) == ["a connection with no token was accepted"]


def test_a_user_that_may_too_much_fails(caches: Verify) -> None:
    (report,) = (u for u in caches.databases["sessions"]["users"] if u["name"] == "report")
    # It reads this one's keys as it reads its own.
    report["keys"] = ["nothing:*"]
    failed = security(caches, "sessions").failed
    assert list(failed) == ["user report may read-only its keys, no more"]


def test_the_certificate_of_a_stranger_is_not_trusted(caches: Verify, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text(stranger())
    for name in ("redis", "memcached"):
        done = security(caches, name, "--ca", str(wrong))
        assert done.code == 1
        assert "is not trusted" in done.failed[CONNECT]


def test_nobody_there_could_not_be_examined(caches: Verify) -> None:
    for endpoint in caches.databases["edge"]["endpoints"]:
        endpoint["port"] = 6399
    done = security(caches, "edge")
    assert done.code == 2


def test_a_secret_that_is_wrong_says_so(cloud: TestCloud, caches: Verify) -> None:
    caches.databases["redis"]["secret_arn"] = cloud.arns["wrong"]
    done = security(caches, "redis")
    assert done.code == 1
    assert CONNECT in done.failed


def test_what_is_broken_is_said_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "tls_in_use", lambda *_: "TLSv1.3 X")
    endpoint = Endpoint(role="node", host="127.0.0.1", port=1)
    with pytest.raises(StepFailed, match="accepted at another address"):
        wire.refused_elsewhere(endpoint, None, Deadline(1))
