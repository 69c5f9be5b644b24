"""Replicas of replicas, and promoted ones: what reaches AWS."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.read_replica import ReadReplica, ReadReplicaArgs
from specs.rds_mysql import RdsMysql as SourceSpec
from specs.read_replica import ReadReplica as Spec
from tests.components.ground import WEST_KEY, ground, inputs
from tests.components.test_read_replica import ELSEWHERE, HERE, SOURCE, SPEC
from tests.recorder import Recording, record

MIDDLE = SPEC | {"backups": {"retention_days": 3}}
LAST = SPEC | {"source": "replica", "identifier": "myapp-mysql-last"}
BACKED_UP = {
    "backupRetentionPeriod": 3,
    # Both its source's: the maintenance window that RDS would choose may overlap the backups'.
    "backupWindow": "03:00-04:00",
    "maintenanceWindow": "sun:04:30-sun:05:30",
}
STANDALONE: dict[str, Any] = {"role": "standalone", "backups": {"retention_days": 3}}


def made(
    middle_region: str = "us-east-1", last_region: str = "us-east-1", **middle: Any
) -> Recording:
    def program() -> None:
        grounds = {r: ground(r) for r in {"us-east-1", middle_region, last_region}}
        home = grounds["us-east-1"]
        spec = SourceSpec.model_validate(SOURCE)
        mysql = RdsMysql("mysql", RdsMysqlArgs(spec, home.network, home.key))

        def replica(name: str, spec: dict[str, Any], source: Any, of: str, region: str) -> Any:
            there = grounds[region]
            wanted = Spec.model_validate(spec)
            args = ReadReplicaArgs(wanted, source, of, there.network, there.key)
            made = ReadReplica(name, args)
            pulumi.export(name, made.facts)
            return made

        first = replica("replica", MIDDLE | middle, mysql, "mysql", middle_region)
        replica("last", LAST, first, "replica", last_region)

    return record(program)


def test_the_one_in_the_middle_is_backed_up() -> None:
    assert inputs(made(), "replica-instance") == HERE | BACKED_UP


@pytest.mark.parametrize(
    ("middle", "last", "source"),
    [
        ("us-east-1", "us-east-1", "myapp-mysql-replica"),
        ("us-west-2", "us-west-2", "myapp-mysql-replica"),
        ("us-east-1", "us-west-2", "arn:aws:rds:us-east-1:123456789012:db:myapp-mysql-replica"),
        ("us-west-2", "us-east-1", "arn:aws:rds:us-west-2:123456789012:db:myapp-mysql-replica"),
    ],
)
def test_the_last_one_copies_the_one_before_it(middle: str, last: str, source: str) -> None:
    recording = made(middle, last)
    found = inputs(recording, "last-instance")
    assert (found["replicateSourceDb"], found["region"]) == (source, last)
    assert "replica-instance" in recording.named("last-instance").depends_on
    elsewhere = {"dbSubnetGroupName", "parameterGroupName", "kmsKeyId"}
    assert found.keys() & elsewhere == (elsewhere if source.startswith("arn:") else set())
    # Of the instance at the beginning, as everything that is not its own.
    assert (found["storageType"], found["maxAllocatedStorage"]) == ("gp2", 100)
    if source.startswith("arn:"):
        assert (
            inputs(recording, "last-parameters")["parameters"]
            == (inputs(recording, "mysql-parameters")["parameters"])
        )


def test_what_the_last_one_tells_the_world() -> None:
    facts = made().outputs["last"]
    assert facts["source"] == "replica"
    assert (facts["user"], facts["database"]) == ("admin", "myappdb")
    assert "secret:mysql-credentials-secret" in facts["secret_arn"]


@pytest.mark.parametrize(
    ("region", "before"),
    [("us-east-1", HERE), ("us-west-2", ELSEWHERE)],
)
def test_a_promotion_only_takes_the_source_away(region: str, before: dict[str, Any]) -> None:
    # Whatever else went or came would be a change, or a new instance.
    replica = before | BACKED_UP
    assert inputs(made(region, region), "replica-instance") == replica
    del replica["replicateSourceDb"]
    recording = made(region, region, **STANDALONE)
    assert inputs(recording, "replica-instance") == replica
    if region == "us-west-2":
        assert replica["kmsKeyId"] == WEST_KEY
    assert recording.below("replica") == made(region, region).below("replica")


def test_a_promoted_one_leaves_a_snapshot_when_it_is_protected() -> None:
    found = inputs(made(**STANDALONE, lifetime="protected"), "replica-instance")
    end = ("deletionProtection", "skipFinalSnapshot", "finalSnapshotIdentifier")
    assert [found.get(key) for key in end] == [True, False, "myapp-mysql-replica-final"]
    found = inputs(made(lifetime="protected"), "replica-instance")
    assert [found.get(key) for key in end] == [True, True, None]


def test_what_a_promoted_one_tells_the_world() -> None:
    facts = made(**STANDALONE).outputs["replica"]
    assert [e["role"] for e in facts["endpoints"]] == ["writer", "instance"]
    assert facts["origin"] == "mysql"
    assert "source" not in facts
    # Its replicas go on copying it.
    assert made(**STANDALONE).outputs["last"]["source"] == "replica"
