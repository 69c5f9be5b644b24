"""RDS Proxy in front of a real PostgreSQL server: it pools, and each of its checks can fail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.engines import verify
from verify.proxy import CONNECT, FAIL_OVER, HEALTHY

__all__ = ["verify"]
SHARING = "many clients share few connections"


@pytest.fixture
def proxied(verify: Verify, pool: dict[str, Any]) -> Verify:
    verify.databases["pool"] = {**pool, "endpoints": [dict(e) for e in pool["endpoints"]]}
    return verify


def test_it_passes_twice_and_shares_the_servers_connections(proxied: Verify) -> None:
    for _ in range(2):
        done = proxied("proxy")
        assert done.code == 0, done.out + done.err
        assert done.failed == {}
        assert done.step(HEALTHY)[1] == "ledger read_write"
        assert done.step("it leads to the writer")[1].endswith(":5432")
        assert done.step(SHARING) == (
            "passed",
            "30 clients cost the server 1 connections through the proxy, 30 past it",
        )
        assert done.step("a connection without TLS is refused")[0] == "passed"
        assert done.step("a wrong password is refused")[1] == "refused: error 28P01"


def test_a_proxy_that_shares_nothing_fails(proxied: Verify) -> None:
    # The server's own address in its place.
    endpoint = proxied.endpoint("pool", "writer")
    endpoint["host"] = proxied.endpoint("ledger", "writer")["host"]
    done = proxied("proxy")
    assert done.code == 1
    # The driver of a pooled client sends no options, which the server does not mind.
    assert list(done.failed) == [SHARING]
    assert done.failed[SHARING].startswith("nothing is shared: 30 clients cost the server 30")


def test_the_address_stands_through_a_failover(proxied: Verify) -> None:
    done = proxied("proxy", "--fail-over")
    assert done.code == 0, done.out + done.err
    assert "was replaced by" in done.step(FAIL_OVER)[1]


def test_a_wrong_secret_fails(cloud: TestCloud, proxied: Verify) -> None:
    proxied.databases["pool"]["secret_arn"] = cloud.arns["wrong"]
    done = proxied("proxy")
    assert done.code == 1
    assert "does not accept the user and password of the secret" in done.failed[CONNECT]


def test_a_silent_server_behind_it_is_told_in_time(cloud: TestCloud, proxied: Verify) -> None:
    with cloud.silent("ledger"):
        done = proxied("proxy", "--timeout", "3")
    assert done.code == 2
    assert "does not answer within 3 s" in done.out
    assert "Traceback" not in done.err
