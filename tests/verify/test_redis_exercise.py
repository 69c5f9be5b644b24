"""Practice 5 on a real cache: it passes, and each of its checks can fail."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from contract import Access, read_databases
from tests.verify.cloud import PREFIX, TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD
from verify.aws import Cloud
from verify.cache import open_connection
from verify.deadline import Deadline
from verify.errors import StepFailed
from verify.exercise import Scene
from verify.redis import Redis

OPEN_PRIMARY, OPEN_REPLICA, GONE, NOBODY = (f"{PREFIX}.9.{n}" for n in (1, 2, 4, 3))
ARRIVES = "the value arrives at the reader endpoint"
REFUSED = "a write to a replica is refused"


@contextmanager
def plain_server(host: str, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Redis without TLS and without a token."""
    command = ["redis-server", "--bind", host, "--port", "6379", "--save", "", "--dir", "/var/tmp"]
    process = subprocess.Popen(
        [*command, "--protected-mode", "no", *flags], stdout=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection((host, 6379), 1).close()
                break
            except OSError:
                assert time.monotonic() < end, f"no Redis at {host}"
                time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture(scope="module")
def open_servers() -> Iterator[None]:
    """A primary and a replica that has lost its primary; both let everybody in."""
    with ExitStack() as stack:
        stack.enter_context(plain_server(OPEN_PRIMARY))
        stack.enter_context(plain_server(OPEN_REPLICA, "--replicaof", NOBODY, "6379"))
        yield


@pytest.fixture
def open_cache(open_servers: None, verify: Verify) -> Verify:
    facts = verify.databases["redis"]
    facts |= {"tls": False, "secret_arn": None}
    verify.endpoint("redis", "primary")["host"] = OPEN_PRIMARY
    verify.endpoint("redis", "reader")["host"] = OPEN_REPLICA
    return verify


def at_primary(verify: Verify) -> Any:
    return redis.Redis(
        host=verify.endpoint("redis", "primary")["host"],
        password=PASSWORD,
        ssl=True,
        ssl_ca_certs=verify.record["access"]["ca_file"],
        socket_timeout=5,
        decode_responses=True,
    )


def test_it_passes_twice_and_leaves_nothing(verify: Verify) -> None:
    for _ in range(2):
        done = verify("redis")
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.step("SET and GET")[1] == "GET user:1: 'John Doe'"
        assert done.step("a primary with its replicas")[1] == "primary with 2 replicas"
        assert "(error READONLY)" in done.step(REFUSED)[1]
        assert "(error NOAUTH)" in done.step("a connection without the auth token is refused")[1]
        assert "(error WRONGPASS)" in done.step("a wrong auth token is refused")[1]
        with at_primary(verify) as cache:
            assert cache.keys() == []


def test_keep_keeps(verify: Verify) -> None:
    assert verify("redis", "--keep").code == 0
    with at_primary(verify) as cache:
        assert cache.hgetall("user:2") == {"name": "Jane Smith", "email": "jane@example.com"}
    assert verify("redis").code == 0


@pytest.mark.parametrize("command", ["SET user:1 mine", "HSET user:2 name me", "LPUSH user:1 x"])
def test_keys_of_somebody_else_are_left_alone(verify: Verify, command: str) -> None:
    key = command.split()[1]
    with at_primary(verify) as cache:
        cache.execute_command(*command.split())
        try:
            done = verify("redis")
            assert set(done.failed) == {"no leftovers of an earlier run"}
            assert done.step("SET and GET")[0] == "skipped"
            assert cache.exists(key)
        finally:
            cache.delete(key)


def test_a_reader_endpoint_that_leads_to_the_primary_fails(verify: Verify) -> None:
    host = verify.endpoint("redis", "primary")["host"]
    verify.endpoint("redis", "reader")["host"] = host
    assert verify("redis").failed == {
        ARRIVES: "the reader endpoint leads to a master, not to a replica",
        REFUSED: "the write was accepted",
    }


def test_nodes_that_are_not_there_fail(verify: Verify) -> None:
    verify.databases["redis"]["instances"] = ["cache-001", "cache-002", "cache-003", "cache-004"]
    failed = verify("redis").failed
    assert failed["settings as ElastiCache reports them"].startswith("nodes are ['cache-001'")
    assert failed["a primary with its replicas"] == (
        "the primary endpoint leads to a master with 2 replicas, not to a primary with 3"
    )


def test_a_replica_that_does_not_replicate_fails_within_the_deadline(open_cache: Verify) -> None:
    done = open_cache("redis", "--timeout", "0.5")
    assert done.code == 1
    assert done.failed[ARRIVES] == "it still reads None at a replica after 0.5 s"
    assert done.seconds < 4


def test_what_an_open_cache_does_not_claim_is_skipped(open_cache: Verify) -> None:
    done = open_cache("redis", "--timeout", "0.5")
    assert done.step("a connection without TLS is refused")[0] == "skipped"
    assert done.step("a wrong CA is refused")[0] == "skipped"
    assert done.step("a connection without the auth token is refused")[0] == "skipped"


def scene_of(verify: Verify, **changes: Any) -> Scene:
    databases = read_databases(verify.record["outputs"])
    databases["redis"] = databases["redis"].model_copy(update=changes)
    return Scene("redis", databases, Cloud(Access(), 1), None, 1, Deadline(10))


def test_a_cache_that_lets_strangers_in_fails(open_cache: Verify) -> None:
    exercise = Redis(scene_of(open_cache))
    with pytest.raises(StepFailed, match="a connection with no token was accepted"):
        exercise.access.refused(None, "no token")


def test_a_cache_that_takes_plain_text_fails(open_cache: Verify) -> None:
    exercise = Redis(scene_of(open_cache, tls=True))
    with pytest.raises(StepFailed, match="a connection without TLS was accepted"):
        exercise.without_tls()


def test_a_cache_that_is_gone_is_no_proof_of_tls(open_cache: Verify) -> None:
    exercise = Redis(scene_of(open_cache, tls=True))
    endpoint = exercise.scene.database.endpoint("reader")
    with plain_server(GONE):
        gone = endpoint.model_copy(update={"host": GONE})
        exercise.shape.endpoint = gone
        exercise.session = open_connection(gone, None, Deadline(5), tls=False, ca=None)
    exercise.opened.callback(exercise.session.close)
    with exercise.opened, pytest.raises(Exception, match="cannot be reached"):
        exercise.without_tls()


def test_a_client_that_believes_the_certificate_fails_the_wrong_ca(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Path(verify.record["access"]["ca_file"]).read_text()
    monkeypatch.setattr("verify.trust.stranger", lambda: right)
    assert verify("redis").failed == {
        "a wrong CA is refused": "a client that trusts another CA only accepted the server's "
        "certificate"
    }


@pytest.mark.parametrize(
    ("constant", "value", "step"),
    [
        ("REDIS_STRING", ('SET user:1 "John Doe"', "GET user:9"), "SET and GET"),
        ("REDIS_HASH", ("HSET user:2 name me email you", "HGETALL user:2"), "HSET and HGETALL"),
        ("REDIS_EXPIRY", ("SETEX session:abc123 9 x", "TTL session:abc123"), "SETEX and TTL"),
    ],
)
def test_another_answer_than_the_course_shows_fails(
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
    constant: str,
    value: tuple[str, str],
    step: str,
) -> None:
    monkeypatch.setattr(f"verify.course.{constant}", value)
    try:
        assert "returned" in verify("redis").failed[step]
    finally:
        with at_primary(verify) as cache:
            cache.flushall()


def test_a_wrong_token_in_the_secret_fails(cloud: TestCloud, verify: Verify) -> None:
    verify.databases["redis"]["secret_arn"] = cloud.arns["wrong"]
    done = verify("redis")
    assert done.code == 1
    assert "WRONGPASS" in done.failed["connect to the primary endpoint"]
