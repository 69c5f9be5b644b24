"""Practice 3 on a real cluster: it passes, and each of its checks can fail."""

from __future__ import annotations

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import ZONES
from verify.aurora import COUNT, CREATE
from verify.cluster import WRITER

CUSTOM = "custom endpoint analytics reaches only its members"
READERS = "the reader endpoint reaches every reader"
REFUSED = "a write through the reader endpoint is refused"


def lead(verify: Verify, role: str, instance: str) -> None:
    """Make an endpoint of the record lead to one instance."""
    (host,) = (
        e["host"] for e in verify.databases["aurora"]["endpoints"] if e.get("name") == instance
    )
    verify.endpoint("aurora", role)["host"] = host


def test_it_passes_twice_and_names_the_servers(verify: Verify) -> None:
    for _ in range(2):
        done = verify("aurora")
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.step(WRITER)[1] == "writer, as RDS reports"
        assert done.step(CREATE)[1] == "3 rows of 1000 characters, written by writer"
        assert done.step(COUNT)[1].startswith("COUNT(*) = 3 at reader-")
        assert {"reader-1", "reader-2"} <= set(done.step(READERS)[1].replace("x", "").split())
        assert "(error 1290) at reader-" in done.step(REFUSED)[1]
        assert done.step(CUSTOM)[1] == "reached reader-2"
        assert done.step("clean up")[1] == "dropped auroratest"


def test_it_follows_a_failover(cloud: TestCloud, verify: Verify) -> None:
    rds = cloud.client("rds")
    for writer in ("reader-1", "writer"):
        rds.failover_db_cluster(DBClusterIdentifier="cluster", TargetDBInstanceIdentifier=writer)
        done = verify("aurora")
        assert done.code == 0, done.out + done.err
        assert done.step(WRITER)[1] == f"{writer}, as RDS reports"


def test_a_writer_endpoint_that_leads_to_a_reader_fails(verify: Verify) -> None:
    lead(verify, "writer", "reader-1")
    done = verify("aurora")
    assert done.code == 1
    assert done.failed[WRITER] == "it leads to reader-1, RDS reports ['writer'] as writer"
    assert "(error 1290)" in done.failed[CREATE]
    assert done.step(COUNT)[0] == "skipped"


def test_a_reader_endpoint_that_leads_to_the_writer_fails(verify: Verify) -> None:
    lead(verify, "reader", "writer")
    done = verify("aurora")
    assert done.failed == {
        REFUSED: "the write was accepted",
        READERS: "it led to writer, which is not one of ['reader-1', 'reader-2']",
    }


def test_a_reader_that_is_never_reached_is_named(verify: Verify) -> None:
    lead(verify, "reader", "reader-1")
    done = verify("aurora", "--timeout", "0.5")
    assert set(done.failed) == {READERS}
    assert done.failed[READERS].startswith(
        "within 0.5 s it never led to ['reader-2'], only reader-1 1"
    )
    assert done.seconds < 6


def test_rows_that_do_not_arrive_fail_within_the_deadline(verify: Verify) -> None:
    verify.endpoint("aurora", "reader")["host"] = verify.endpoint("copy", "reader")["host"]
    done = verify("aurora", "--timeout", "0.5")
    assert done.failed[COUNT] == "it still counts 0 rows, not 3, at copy after 0.5 s"
    assert done.seconds < 6


def test_a_custom_endpoint_that_reaches_others_fails(verify: Verify) -> None:
    lead(verify, "custom", "reader-1")
    assert verify("aurora").failed == {
        CUSTOM: "it reached ['reader-1'], its members are ['reader-2']"
    }


def test_members_that_rds_does_not_report_fail(verify: Verify) -> None:
    verify.databases["aurora"]["instances"] = ["writer", "reader-1", "reader-3"]
    done = verify("aurora", "--timeout", "0.5")
    assert done.failed["settings as RDS reports them"] == (
        "members are ['reader-1', 'reader-2', 'writer'], not ['reader-1', 'reader-3', 'writer']"
    )
    assert "DBInstanceNotFound" in done.failed["members in different zones"]


def test_another_version_than_the_stack_says_fails(verify: Verify) -> None:
    verify.databases["aurora"]["version"] = "5.7"
    assert "not '5.7'" in verify("aurora").failed["settings as RDS reports them"]


def test_members_in_one_zone_fail(verify: Verify) -> None:
    verify.databases["aurora"]["instances"] = [n for n, z in ZONES.items() if z == "us-east-1b"]
    said = verify("aurora", "--timeout", "0.5").failed["members in different zones"]
    assert said == "all members are in zone us-east-1b"


def test_a_cluster_that_takes_plain_text_fails(verify: Verify, cloud: TestCloud) -> None:
    lead(verify, "writer", "writer")
    host = verify.endpoint("aurora", "writer")["host"]
    cloud.as_administrator(host, "SET GLOBAL require_secure_transport = OFF")
    try:
        done = verify("aurora")
    finally:
        cloud.as_administrator(host, "SET GLOBAL require_secure_transport = ON")
    assert done.failed == {
        "a connection without TLS is refused": "a connection without TLS was accepted"
    }


@pytest.mark.parametrize("leftover", ["CREATE TABLE auroratest.mine (id INT)"])
def test_tables_of_somebody_else_are_left_alone(
    cloud: TestCloud, verify: Verify, leftover: str
) -> None:
    lead(verify, "writer", "writer")
    host = verify.endpoint("aurora", "writer")["host"]
    cloud.as_administrator(host, "CREATE DATABASE auroratest", leftover)
    try:
        done = verify("aurora")
    finally:
        cloud.as_administrator(host, "DROP DATABASE auroratest")
    assert "the table mine" in done.failed["no leftovers of an earlier run"]
    assert done.step(CREATE)[0] == "skipped"


def test_a_cluster_without_readers_has_nothing_to_prove_about_them(verify: Verify) -> None:
    verify.databases["aurora"]["instances"] = ["writer"]
    lead(verify, "reader", "writer")
    done = verify("aurora")
    for step in (REFUSED, READERS):
        assert done.step(step) == (
            "skipped",
            "the cluster has no reader, its reader endpoint leads to the writer",
        )
    assert done.step("members in different zones") == ("skipped", "the cluster has one member")
