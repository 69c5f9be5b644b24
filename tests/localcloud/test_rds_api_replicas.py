from __future__ import annotations

import pytest

from localcloud.fleet import Ref
from tests.localcloud.front_fixtures import Ground, endpoint, ground, mysql, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "ground", "site"]
SOURCE = "myapp-mysql-db"


def test_replicas_in_both_regions_know_their_source_and_it_knows_them(
    endpoint: Endpoint, ground: Ground
) -> None:
    east, west = endpoint.client("rds"), endpoint.client("rds", "us-west-2")
    source = east.create_db_instance(**mysql(StorageEncrypted=True, KmsKeyId=ground.key))
    arn = source["DBInstance"]["DBInstanceArn"]
    near = east.create_db_instance_read_replica(
        DBInstanceIdentifier="near", SourceDBInstanceIdentifier=SOURCE
    )["DBInstance"]
    far = west.create_db_instance_read_replica(
        DBInstanceIdentifier="far",
        SourceDBInstanceIdentifier=arn,
        SourceRegion="us-east-1",
        KmsKeyId=ground.west_key,
    )["DBInstance"]
    assert near["ReadReplicaSourceDBInstanceIdentifier"] == SOURCE
    assert near["KmsKeyId"] == ground.key
    assert near["StatusInfos"][0]["Status"] == "replicating"
    assert near["BackupRetentionPeriod"] == 0
    assert far["ReadReplicaSourceDBInstanceIdentifier"] == arn
    assert far["KmsKeyId"] == ground.west_key
    shown = east.describe_db_instances(DBInstanceIdentifier=SOURCE)["DBInstances"][0]
    assert shown["ReadReplicaDBInstanceIdentifiers"] == ["near", far["DBInstanceArn"]]
    assert endpoint.fleet.named("create_replica") == [
        (Ref("us-east-1", "near"), Ref("us-east-1", SOURCE), {}),
        (Ref("us-west-2", "far"), Ref("us-east-1", SOURCE), {}),
    ]
    there = west.describe_db_instances()["DBInstances"]
    assert [i["DBInstanceIdentifier"] for i in there] == ["far"]


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ({"SourceDBInstanceIdentifier": "unknown"}, "DBInstanceNotFound"),
        ({"DBSubnetGroupName": "default"}, "DBSubnetGroupNotAllowedFault"),
        ({"DBInstanceClass": "db.nonsense"}, "InvalidParameterValue"),
        ({"DBParameterGroupName": "default.mysql8.4"}, "InvalidParameterCombination"),
        ({"KmsKeyId": "alias/aws/rds"}, "InvalidParameterCombination"),
    ],
)
def test_what_a_replica_may_not_say(endpoint: Endpoint, extra: dict[str, str], code: str) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    asked = {"DBInstanceIdentifier": "r", "SourceDBInstanceIdentifier": SOURCE} | extra
    assert refusal(rds.create_db_instance_read_replica, **asked) == code
    assert endpoint.fleet.named("create_replica") == []


def test_a_source_needs_backups(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql(BackupRetentionPeriod=0))
    replica = {"DBInstanceIdentifier": "r", "SourceDBInstanceIdentifier": SOURCE}
    assert refusal(rds.create_db_instance_read_replica, **replica) == "InvalidDBInstanceState"
    rds.modify_db_instance(DBInstanceIdentifier=SOURCE, BackupRetentionPeriod=1)
    rds.create_db_instance_read_replica(**replica)
    change = {"DBInstanceIdentifier": SOURCE, "BackupRetentionPeriod": 0}
    assert refusal(rds.modify_db_instance, **change) == "InvalidDBInstanceState"


def test_a_replica_takes_no_password(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    rds.create_db_instance_read_replica(DBInstanceIdentifier="r", SourceDBInstanceIdentifier=SOURCE)
    change = {"DBInstanceIdentifier": "r", "MasterUserPassword": "another-one-2"}
    assert refusal(rds.modify_db_instance, **change) == "InvalidParameterCombination"
    assert endpoint.fleet.named("set_password") == []


def test_an_encrypted_source_needs_a_key_of_the_other_region(
    endpoint: Endpoint, ground: Ground
) -> None:
    source = endpoint.client("rds").create_db_instance(
        **mysql(StorageEncrypted=True, KmsKeyId=ground.key)
    )["DBInstance"]
    west = endpoint.client("rds", "us-west-2")
    replica = {
        "DBInstanceIdentifier": "far",
        "SourceDBInstanceIdentifier": source["DBInstanceArn"],
        "SourceRegion": "us-east-1",
    }
    create = west.create_db_instance_read_replica
    assert refusal(create, **replica) == "InvalidParameterCombination"
    assert refusal(create, **replica, KmsKeyId=ground.key) == "KMSKeyNotAccessibleFault"


def test_promotion_ends_the_relation_on_both_sides(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    rds.create_db_instance_read_replica(DBInstanceIdentifier="r", SourceDBInstanceIdentifier=SOURCE)
    promoted = rds.promote_read_replica(DBInstanceIdentifier="r")["DBInstance"]
    assert "ReadReplicaSourceDBInstanceIdentifier" not in promoted
    assert promoted["BackupRetentionPeriod"] == 1
    shown = rds.describe_db_instances(DBInstanceIdentifier=SOURCE)["DBInstances"][0]
    assert shown["ReadReplicaDBInstanceIdentifiers"] == []
    assert endpoint.fleet.named("promote") == [(Ref("us-east-1", "r"),)]
    assert refusal(rds.promote_read_replica, DBInstanceIdentifier="r") == "InvalidDBInstanceState"


def test_deleting_either_side_keeps_the_other_consistent(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    for name in ("one", "two"):
        rds.create_db_instance_read_replica(
            DBInstanceIdentifier=name, SourceDBInstanceIdentifier=SOURCE
        )
    snapshot = {"DBInstanceIdentifier": "one", "FinalDBSnapshotIdentifier": "last"}
    assert refusal(rds.delete_db_instance, **snapshot) == "InvalidParameterCombination"
    rds.delete_db_instance(DBInstanceIdentifier="one", SkipFinalSnapshot=True)
    shown = rds.describe_db_instances(DBInstanceIdentifier=SOURCE)["DBInstances"][0]
    assert shown["ReadReplicaDBInstanceIdentifiers"] == ["two"]
    rds.delete_db_instance(DBInstanceIdentifier=SOURCE, SkipFinalSnapshot=True)
    left = rds.describe_db_instances()["DBInstances"]
    assert [i["DBInstanceIdentifier"] for i in left] == ["two"]
    assert "ReadReplicaSourceDBInstanceIdentifier" not in left[0]
    assert endpoint.fleet.named("promote") == [(Ref("us-east-1", "two"),)]
