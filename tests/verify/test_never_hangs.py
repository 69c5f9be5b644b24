"""Every wait on the network has an end, whatever the peer does or does not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contract import Access, Endpoint
from tests.verify.cloud import PREFIX, TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD, USER
from tests.verify.silence import MYSQL_UNTIL_TLS, silent_server
from tests.verify.test_redis_exercise import plain_server
from verify.aws import Cloud, Credentials
from verify.cache import connect as connect_cache
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, Unreachable
from verify.sql import open_connection
from verify.trust import refused_by_stranger

SILENT = f"{PREFIX}.9.10"
ENOUGH_S = 4.0
"""With a time limit of 1 s: one wait to connect, and the process's own time on a busy machine."""


@contextmanager
def soon() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < ENOUGH_S


@pytest.mark.parametrize(
    ("exercise", "database", "role", "port", "first_words", "limit_s"),
    [
        # MySQL's driver takes whole seconds.
        ("mysql", "mysql", "writer", 3306, b"", "1"),
        pytest.param("mysql", "mysql", "writer", 3306, MYSQL_UNTIL_TLS, "1", id="until-tls"),
        ("replica", "copy", "reader", 3306, b"", "1"),
        ("redis", "redis", "primary", 6379, b"", "0.5"),
    ],
)
def test_a_silent_endpoint_could_not_be_examined(
    verify: Verify,
    exercise: str,
    database: str,
    role: str,
    port: int,
    first_words: bytes,
    limit_s: str,
) -> None:
    verify.endpoint(database, role)["host"] = SILENT
    with silent_server(SILENT, port, first_words), soon():
        done = verify(exercise, "--timeout", limit_s)
    assert done.code == 2, done.out
    assert len(done.err.splitlines()) == 1
    assert f"{SILENT}:{port}" in done.err
    assert f"within {limit_s} s" in done.err


def test_a_reader_endpoint_that_falls_silent_is_a_failed_step(verify: Verify) -> None:
    verify.endpoint("aurora", "reader")["host"] = SILENT
    with silent_server(SILENT, 3306):
        done = verify("aurora", "--timeout", "1")
    assert done.code == 1
    assert "count them through the reader endpoint" in done.failed
    assert done.step("clean up")[0] == "passed"
    assert done.seconds < 8


@pytest.mark.parametrize(("server", "exercise"), [("source", "mysql"), ("writer", "aurora")])
def test_a_stopped_process_could_not_be_examined(
    cloud: TestCloud, verify: Verify, server: str, exercise: str
) -> None:
    with cloud.silent(server), soon():
        done = verify(exercise, "--timeout", "1")
    assert done.code == 2, done.out
    assert verify(exercise).code == 0


def test_a_server_that_falls_silent_later_fails_the_statement(
    cloud: TestCloud, verify: Verify
) -> None:
    endpoint = Endpoint.model_validate(verify.endpoint("mysql", "writer"))
    ca = verify.record["access"]["ca_file"]
    sql = open_connection(endpoint, Credentials(USER, PASSWORD), Deadline(1), ca=ca)
    with cloud.silent("source"), soon():
        with pytest.raises(DeadlineExceeded, match="gave no answer within 1 s"):
            sql.run("SELECT 1")
        sql.close()


def test_a_silent_cache_fails_the_command() -> None:
    endpoint = Endpoint(role="primary", host=SILENT, port=6379)
    with (
        plain_server(SILENT) as process,
        soon(),
        connect_cache(endpoint, None, Deadline(0.5), tls=False, ca=None) as cache,
    ):
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(DeadlineExceeded, match="gives no answer within"):
            cache.run("GET user:1")


def test_a_silent_api_endpoint_could_not_be_asked(verify: Verify) -> None:
    verify.record["access"]["endpoint_url"] = f"http://{SILENT}:4566"
    with silent_server(SILENT, 4566), soon():
        done = verify("mysql", "--timeout", "0.3")
    assert done.code == 2
    assert done.err.startswith("verify: could not run: mysql: AWS does not answer: ")


def test_an_api_endpoint_that_falls_silent_fails_the_step() -> None:
    access = Access(endpoint_url=f"http://{SILENT}:4566", access_key_id="x", secret_access_key="x")
    with (
        silent_server(SILENT, 4566),
        soon(),
        pytest.raises(Unreachable, match="AWS does not answer"),
    ):
        Cloud(access, 0.3).instance("us-east-1", "source")


def test_a_silent_peer_is_no_proof_of_tls() -> None:
    endpoint = Endpoint(role="primary", host=SILENT, port=6379)
    with (
        silent_server(SILENT, 6379),
        soon(),
        pytest.raises(Unreachable, match=r"does not answer: .*timed out"),
    ):
        refused_by_stranger(endpoint, Deadline(0.3))


def test_the_exercise_as_a_whole_has_an_end(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.cli.LIMIT_IN_WAITS", 0.000001)
    done = verify("mysql", "--timeout", "1")
    assert done.code == 1
    assert done.failed == {
        "connect with a verified certificate": ("the exercise's time was over before this step")
    }
