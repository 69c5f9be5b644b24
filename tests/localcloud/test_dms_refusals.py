"""What DMS refuses, by plain boto3."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.dms_ground import DmsGround, refusing
from tests.localcloud.front_fixtures import refusal

__all__ = ["refusing"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ReplicationInstanceClass": "dms.t2.micro"}, "InvalidParameterValueException"),
        ({"EngineVersion": "3.1.4"}, "InvalidParameterValueException"),
        ({"ReplicationInstanceIdentifier": "a--b"}, "InvalidParameterValueException"),
        ({"ReplicationInstanceIdentifier": "a" * 64}, "InvalidParameterValueException"),
        ({"ReplicationSubnetGroupIdentifier": "none"}, "ResourceNotFoundFault"),
        (
            {"MultiAZ": True, "AvailabilityZone": "us-east-1a"},
            "InvalidParameterCombinationException",
        ),
        ({"VpcSecurityGroupIds": ["sg-none"]}, "InvalidParameterValue"),
        ({"KmsKeyId": "arn:aws:kms:us-west-2:1:key/x"}, "KMSKeyNotAccessibleFault"),
    ],
)
def test_instances_that_dms_refuses(
    refusing: DmsGround, changes: dict[str, Any], code: str
) -> None:
    arguments = {
        "ReplicationInstanceIdentifier": "fresh",
        "ReplicationInstanceClass": "dms.t3.medium",
        "ReplicationSubnetGroupIdentifier": "group",
    } | changes
    assert refusal(refusing.dms.create_replication_instance, **arguments) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ServerName": "db"}, "InvalidParameterCombinationException"),
        ({"MySQLSettings": {}}, "InvalidParameterCombinationException"),
        ({"SslMode": "require"}, "InvalidParameterCombinationException"),
        ({"CertificateArn": "arn:aws:dms:us-east-1:1:cert:X"}, "ResourceNotFoundFault"),
        ({"EngineName": "mysqll"}, "InvalidParameterValueException"),
        ({"EndpointIdentifier": "1-digit"}, "InvalidParameterValueException"),
        ({"EndpointIdentifier": "source"}, "ResourceAlreadyExistsFault"),
    ],
)
def test_endpoints_that_dms_refuses(
    refusing: DmsGround, changes: dict[str, Any], code: str
) -> None:
    arguments = refusing.by_secret(**changes)
    assert refusal(refusing.dms.create_endpoint, **arguments) == code


def test_verified_tls_needs_a_certificate(refusing: DmsGround) -> None:
    arguments = refusing.by_secret()
    del arguments["CertificateArn"]
    create = refusing.dms.create_endpoint
    assert refusal(create, **arguments) == "InvalidParameterCombinationException"


def test_a_filter_that_nothing_passes_is_a_fault(refusing: DmsGround) -> None:
    wanted = [{"Name": "replication-task-id", "Values": ["none"]}]
    describe = refusing.dms.describe_replication_tasks
    assert refusal(describe, Filters=wanted) == "ResourceNotFoundFault"
    unknown = [{"Name": "colour", "Values": ["red"]}]
    assert refusal(describe, Filters=unknown) == "InvalidParameterValueException"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"MigrationType": "copy"}, "InvalidParameterValueException"),
        ({"TableMappings": "{}"}, "InvalidParameterValueException"),
        ({"TableMappings": '{"rules": []}'}, "InvalidParameterValueException"),
        ({"ReplicationTaskSettings": "[]"}, "InvalidParameterValueException"),
        (
            {"ReplicationTaskSettings": '{"Logging": {"CloudWatchLogGroup": "mine"}}'},
            "InvalidParameterValueException",
        ),
        ({"ReplicationInstanceArn": "arn:none"}, "ResourceNotFoundFault"),
        ({"SourceEndpointArn": "arn:none"}, "ResourceNotFoundFault"),
    ],
)
def test_tasks_that_dms_refuses(refusing: DmsGround, changes: dict[str, Any], code: str) -> None:
    create = refusing.dms.create_replication_task
    assert refusal(create, **refusing.task(**changes)) == code


def test_a_source_is_no_target(refusing: DmsGround) -> None:
    task = refusing.task(TargetEndpointArn=refusing.source)
    create = refusing.dms.create_replication_task
    assert refusal(create, **task) == "InvalidParameterValueException"


@pytest.mark.parametrize(
    ("compute", "code"),
    [
        ({"MaxCapacityUnits": 3}, "InvalidParameterValueException"),
        (
            {"MaxCapacityUnits": 2, "MinCapacityUnits": 4},
            "InvalidParameterCombinationException",
        ),
        (
            {"MaxCapacityUnits": 2, "MultiAZ": True, "AvailabilityZone": "us-east-1a"},
            "InvalidParameterCombinationException",
        ),
    ],
)
def test_capacity_that_dms_refuses(refusing: DmsGround, compute: dict[str, Any], code: str) -> None:
    config = refusing.config(ComputeConfig={"ReplicationSubnetGroupId": "group"} | compute)
    assert refusal(refusing.dms.create_replication_config, **config) == code
