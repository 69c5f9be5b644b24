"""The exercise of a serverless cache, on a real one: it passes, and its checks can fail."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.verify.cloud import PREFIX, TestCloud
from tests.verify.command import Verify
from tests.verify.databases import REGION
from tests.verify.test_shell import shell
from verify.cache import Cache
from verify.serverless_cache import CONNECT, STRING

NAME = "tested-edge"
KIND = "serverless_cache"
ARRIVES = "the value arrives at the reader endpoint"


@pytest.fixture(scope="module")
def facts(cloud: TestCloud) -> Iterator[dict[str, Any]]:
    """What a program would output of a serverless cache."""
    client = cloud.client("elasticache")
    wanted = {"ServerlessCacheName": NAME, "Engine": "valkey", "MajorEngineVersion": "8"}
    made = client.create_serverless_cache(**wanted)["ServerlessCache"]
    yield {
        "kind": "serverless-cache",
        "engine": "valkey",
        "version": made["FullEngineVersion"],
        "region": REGION,
        "cluster": NAME,
        "endpoints": [
            {"role": role, "host": made[field]["Address"], "port": made[field]["Port"]}
            for role, field in (("primary", "Endpoint"), ("reader", "ReaderEndpoint"))
        ],
    }
    client.delete_serverless_cache(ServerlessCacheName=NAME)


@pytest.fixture
def edge(verify: Verify, facts: dict[str, Any]) -> Verify:
    verify.databases["edge"] = {**facts, "endpoints": [dict(e) for e in facts["endpoints"]]}
    return verify


def keys(verify: Verify) -> list[str]:
    with redis.Redis(
        host=verify.endpoint("edge", "primary")["host"],
        ssl=True,
        ssl_ca_certs=verify.record["access"]["ca_file"],
        socket_timeout=5,
        decode_responses=True,
    ) as client:
        found: list[str] = client.keys()
        return found


def test_it_passes_twice_and_leaves_nothing(edge: Verify) -> None:
    for _ in range(2):
        done = edge(KIND)
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.step("every slot is served")[1] == "16384 slots in 1 range(s)"
        assert "same slot" in done.step("a command on two slots is refused")[1]
        assert "at port 6380" in done.step(ARRIVES)[1]
        assert keys(edge) == []


def test_keep_keeps(edge: Verify) -> None:
    assert edge(KIND, "--keep").code == 0
    assert set(keys(edge)) == {"user:1", "session:abc123", "{user:1}:first", "{user:1}:last"}
    assert edge(KIND).code == 0


def test_a_stopped_server_could_not_be_examined(cloud: TestCloud, edge: Verify) -> None:
    with cloud.silent(NAME):
        done = edge(KIND, "--timeout", "0.5")
    assert done.code == 2, done.out
    assert "gives no answer within 0.5 s" in done.err
    assert done.seconds < 4
    assert edge(KIND).code == 0


def test_a_server_that_stops_half_way_is_a_failed_step(
    cloud: TestCloud, edge: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = cloud.pid(NAME)
    real = Cache.run

    def stop_at_the_expiry(self: Cache, command: str) -> Any:
        if command.startswith("SETEX"):
            os.kill(pid, signal.SIGSTOP)
        return real(self, command)

    monkeypatch.setattr(Cache, "run", stop_at_the_expiry)
    try:
        done = edge(KIND, "--timeout", "0.5")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert done.code == 1
    assert done.step(STRING)[0] == "passed"
    assert "gives no answer" in done.failed["SETEX and TTL"]
    assert "Traceback" not in done.err
    monkeypatch.undo()
    assert edge(KIND).code == 0


def test_nobody_there_could_not_be_examined(edge: Verify) -> None:
    edge.endpoint("edge", "primary")["host"] = f"{PREFIX}.11.1"
    done = edge(KIND)
    assert done.code == 2
    assert "cannot be reached" in done.err


def test_a_dead_reader_port_is_a_failed_step(edge: Verify) -> None:
    edge.endpoint("edge", "reader")["port"] = 6381
    done = edge(KIND)
    assert done.code == 1
    assert list(done.failed) == [ARRIVES]


def test_a_cache_without_the_cluster_protocol_fails(edge: Verify, cloud: TestCloud) -> None:
    # The replication group of the other tests: it asks for a token, and is no cluster.
    edge.endpoint("edge", "primary")["host"] = edge.endpoint("redis", "primary")["host"]
    done = edge(KIND)
    assert done.code == 1
    assert list(done.failed) == [CONNECT]


def test_another_engine_than_reported_fails(edge: Verify) -> None:
    edge.databases["edge"]["engine"] = "redis"
    assert edge(KIND).failed == {
        "settings as ElastiCache reports them": (
            "it is available with valkey, not available with redis"
        )
    }


def test_serverless_memcached_is_skipped(edge: Verify) -> None:
    edge.databases["edge"]["engine"] = "memcached"
    done = edge(KIND)
    assert done.code == 0
    assert done.statuses == {"skipped"}


def test_a_shell_speaks_the_cluster_protocol(edge: Verify) -> None:
    for words in (("edge",), ("edge", "reader")):
        done = shell(edge, *words, "--", "CLUSTER", "KEYSLOT", "user:1")
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().isdigit()
