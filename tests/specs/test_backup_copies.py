"""Copies of backups in a second region: what the config allows of them."""

from __future__ import annotations

from typing import Any

import pytest

from specs.backup_copies import MOST_A_REGION, BackupCopy, SnapshotCopy, copy_of
from tests.specs.configs import AURORA, MYSQL, REDIS, Wrong, assert_only, changed, problems, stack

WEST = {"region": "us-west-2", "retention_days": 30}
COPIED = changed(MYSQL, {"backups/copy_to": WEST})
CLUSTER = changed(AURORA, {"backups/copy_to": WEST})
RESTORED: dict[str, Any] = {
    "kind": "restored-instance",
    "source": "mysql",
    "identifier": "restored",
    "at": "latest",
    "class": "db.t3.micro",
    "backups": {"copy_to": WEST},
}
PROMOTED: dict[str, Any] = {
    "kind": "read-replica",
    "source": "mysql",
    "identifier": "promoted",
    "class": "db.t3.micro",
    "role": "standalone",
    "backups": {"retention_days": 7, "copy_to": WEST},
}
STORE: dict[str, Any] = {
    "kind": "global-database",
    "identifier": "store",
    "engine_version": "8.0.mysql_aurora.3.10.6",
    "username": "admin",
    "primary": {
        "identifier": "store-east",
        "class": "db.r6g.large",
        "writer": {"identifier": "store-east-a", "zone": "a"},
    },
    "secondaries": [],
    "backups": {"retention_days": 7, "window": "03:00-04:00", "copy_to": WEST},
    "maintenance_window": "sun:04:30-sun:05:30",
}


def test_an_instance_has_one_kind_of_copy_and_a_cluster_another() -> None:
    found = stack({"mysql": COPIED, "aurora": CLUSTER, "store": STORE}).topologies
    assert copy_of(found["mysql"]) == BackupCopy(region="us-west-2", retention_days=30)
    assert copy_of(found["aurora"]) == SnapshotCopy(region="us-west-2", retention_days=30)
    assert copy_of(found["store"]) == SnapshotCopy(region="us-west-2", retention_days=30)


def test_what_has_a_history_of_its_own_has_a_copy_of_its_own() -> None:
    found = stack({"mysql": MYSQL, "restored": RESTORED, "promoted": PROMOTED}).topologies
    assert copy_of(found["restored"]) == copy_of(found["promoted"]) != copy_of(found["mysql"])
    assert copy_of(found["mysql"]) is None


def test_the_region_of_a_copy_has_a_key_and_no_network() -> None:
    found = stack({"mysql": changed(COPIED, {"backups/copy_to/region": "eu-west-1"})})
    assert found.regions == ("us-east-1",)
    assert found.key_regions == ("us-east-1", "eu-west-1")


def test_a_region_that_has_a_database_too_is_there_once() -> None:
    west = changed(MYSQL, {"region": "us-west-2", "identifier": "west"})
    assert stack({"mysql": COPIED, "west": west}).key_regions == ("us-east-1", "us-west-2")


def test_a_copy_of_a_cluster_is_kept_for_as_long_as_aws_backup_keeps_one() -> None:
    long = changed(CLUSTER, {"backups/copy_to/retention_days": 36_500})
    assert problems({"aurora": long}) == []


WRONG_INSTANCE = [
    Wrong({"backups/copy_to/region": "us-east-1"}, "region",
          "us-east-1 is where the database stands, and a copy there dies with it; choose another"),
    Wrong({"region": "us-west-2"}, "region", "us-west-2 is where the database stands"),
    Wrong({"backups/copy_to/region": "us-gov-west-1"}, "region",
          "us-gov-west-1 is another partition of AWS than us-east-1"),
    Wrong({"backups/copy_to/region": "cn-north-1"}, "region", "choose one beside us-east-1"),
    Wrong({"backups/copy_to/region": "Oregon"}, "region", "'Oregon' is no region; write one such"),
    Wrong({"backups/copy_to/region": ...}, "region", "is missing; add it"),
    Wrong({"backups/copy_to/retention_days": ...}, "retention_days", "is missing; add it"),
    Wrong({"backups/copy_to/retention_days": 0}, "retention_days", "is 0; the least is 1"),
    Wrong({"backups/copy_to/retention_days": 36}, "retention_days", "is 36; the most is 35"),
    Wrong({"backups/copy_to/retention_days": True}, "retention_days", "write a number"),
    Wrong({"backups/copy_to/key": "mine"}, "key", "is not a key here; there are region, retention"),
    Wrong({"backups/copy_to": "us-west-2"}, "", "is 'us-west-2'; write keys and values here"),
    Wrong({"backups/retention_days": 0}, "",
          "has nothing to copy: set retention_days to 1 or more, or leave it out"),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_INSTANCE, ids=str)
def test_a_wrong_copy_of_an_instance(wrong: Wrong) -> None:
    at = "topologies.mysql.backups.copy_to"
    path = f"{at}.{wrong.path}" if wrong.path else at
    assert_only(problems({"mysql": changed(COPIED, wrong.changes)}), path, wrong.says)


WRONG_CLUSTER = [
    Wrong({"backups/copy_to/region": "us-east-1"}, "region", "choose another region"),
    Wrong({"backups/copy_to/region": "us-gov-west-1"}, "region", "another partition"),
    Wrong({"backups/copy_to/retention_days": 0}, "retention_days", "is 0; the least is 1"),
    Wrong({"backups/copy_to/retention_days": 36_501}, "retention_days", "the most is 36500"),
    Wrong({"identifier": "a" * 41}, "",
          f"needs a vault called '{'a' * 41}_us-east-1', over 50 characters; shorten"),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_CLUSTER, ids=str)
def test_a_wrong_copy_of_a_cluster(wrong: Wrong) -> None:
    at = "topologies.aurora.backups.copy_to"
    path = f"{at}.{wrong.path}" if wrong.path else at
    aurora = changed(CLUSTER, {"custom_endpoints": {}, **wrong.changes})
    assert_only(problems({"aurora": aurora}), path, wrong.says)


def test_a_replica_copies_nothing_that_its_source_has_not() -> None:
    replica = changed(PROMOTED, {"role": "replica"})
    at = "topologies.promoted.backups.copy_to"
    assert_only(problems({"mysql": MYSQL, "promoted": replica}), at, "a replica's rows are the")


def test_what_is_restored_keeps_no_more_than_its_source() -> None:
    bare = changed(MYSQL, {"backups/retention_days": 0})
    snapshot = changed(RESTORED, {"at": {"snapshot": "mysql-final"}})
    found = problems({"mysql": bare, "restored": snapshot})
    assert_only(found, "topologies.restored.source", "leave backups.copy_to out, or set its")


@pytest.mark.parametrize("kind", ["redis", "edge"])
def test_what_aws_copies_for_no_cache(kind: str) -> None:
    edge = {
        "kind": "serverless-cache",
        "identifier": "edge",
        "engine": "valkey",
        "major_version": "8",
        "description": "x",
        "backups": {"retention_days": 7, "time": "03:00"},
    }
    cache = changed({"redis": REDIS, "edge": edge}[kind], {"backups/copy_to": WEST})
    says = "is nothing AWS does for a cache: ElastiCache copies a snapshot within its region only"
    assert_only(problems({kind: cache}), f"topologies.{kind}.backups.copy_to", says)


def test_no_more_copies_to_a_region_than_rds_takes() -> None:
    many = {f"m{n}": changed(COPIED, {"identifier": f"m{n}"}) for n in range(MOST_A_REGION)}
    assert problems(many) == []
    # Clusters are AWS Backup's, which does not count.
    assert problems({**many, "aurora": CLUSTER}) == []
    found = problems({**many, "last": COPIED})
    assert_only(found, "topologies.last.backups.copy_to.region", "more than 20 copies")
    elsewhere = changed(COPIED, {"backups/copy_to/region": "eu-west-1"})
    assert problems({**many, "last": elsewhere}) == []
