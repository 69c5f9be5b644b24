"""RDS Proxy in front of a real cluster: it passes, and each of its checks can fail."""

from __future__ import annotations

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import create_proxy
from verify.proxy import CONNECT, FAIL_OVER, HEALTHY

LACKS = {"mysql-pooling": "this proxy does not pool"}
SHARING = "many clients share few connections"
LEADS = "it leads to the writer"
READER = "its reader endpoint leads to a reader"


@pytest.fixture
def verify(cloud: TestCloud, verify: Verify) -> Verify:
    verify.add(cloud.also(create_proxy, "mysql"))
    verify.record["access"]["lacks"] = dict(LACKS)
    return verify


def test_it_passes_twice_and_says_what_it_does_not_prove(verify: Verify) -> None:
    for _ in range(2):
        done = verify("proxy")
        assert done.code == 0, done.out + done.err
        assert done.failed == {}
        assert done.step(LEADS)[1] == "writer"
        assert done.step(HEALTHY)[1].startswith("writer read_write, reader-")
        assert done.step(READER)[1].startswith("reader-")
        assert "(error 1290)" in done.step(READER)[1]
        status, said = done.step(SHARING)
        assert status == "skipped"
        assert said.startswith("this proxy does not pool (30 clients cost the server 3")
        assert done.step(FAIL_OVER) == (
            "skipped",
            "it interrupts other users; --fail-over allows it",
        )


def test_a_proxy_that_should_pool_and_does_not_fails(verify: Verify) -> None:
    del verify.record["access"]["lacks"]
    done = verify("proxy")
    assert done.code == 1
    assert list(done.failed) == [SHARING]
    assert done.failed[SHARING].startswith("nothing is shared: 30 clients cost the server 3")


def test_the_address_stands_through_a_failover(cloud: TestCloud, verify: Verify) -> None:
    try:
        done = verify("proxy", "--fail-over")
        assert done.code == 0, done.out + done.err
        status, said = done.step(FAIL_OVER)
        assert status == "passed"
        assert said.startswith("writer was replaced by reader-")
    finally:
        cloud.client("rds").failover_db_cluster(
            DBClusterIdentifier="cluster", TargetDBInstanceIdentifier="writer"
        )


def test_an_address_that_leads_to_a_reader_fails(verify: Verify) -> None:
    verify.endpoint("proxy", "writer")["host"] = verify.endpoint("proxy", "reader")["host"]
    done = verify("proxy")
    assert done.code == 1
    assert "the writer is writer" in done.failed[LEADS]


def test_a_reader_endpoint_that_leads_to_the_writer_fails(verify: Verify) -> None:
    verify.endpoint("proxy", "reader")["host"] = verify.endpoint("proxy", "writer")["host"]
    done = verify("proxy")
    assert done.code == 1
    assert done.failed[READER] == "it leads to the writer writer"


def test_a_wrong_password_in_the_secret_fails(cloud: TestCloud, verify: Verify) -> None:
    verify.databases["proxy"]["secret_arn"] = cloud.arns["wrong"]
    done = verify("proxy")
    assert done.code == 1
    assert "does not accept the user and password of the secret" in done.failed[CONNECT]


def test_a_target_that_the_proxy_cannot_log_in_to_is_unhealthy(
    cloud: TestCloud, verify: Verify
) -> None:
    rds = cloud.client("rds")

    def bring(secret: str) -> None:
        rds.modify_db_proxy(
            DBProxyName="proxy", Auth=[{"AuthScheme": "SECRETS", "SecretArn": cloud.arns[secret]}]
        )

    bring("wrong")
    try:
        done = verify("proxy")
    finally:
        bring("mysql")
    assert done.code == 1
    assert "is UNAVAILABLE (AUTH_FAILURE: " in done.failed[HEALTHY]


@pytest.mark.parametrize("source", ["nobody", None])
def test_a_target_that_is_not_in_the_outputs_stops_it(verify: Verify, source: str | None) -> None:
    verify.databases["proxy"]["source"] = source
    done = verify("proxy")
    assert done.code == 2
    assert "which is not among the stack's outputs" in done.err


def test_a_silent_writer_is_no_hang(cloud: TestCloud, verify: Verify) -> None:
    with cloud.silent("writer"):
        done = verify("proxy", "--timeout", "1")
    assert done.code == 2
    assert done.seconds < 8
