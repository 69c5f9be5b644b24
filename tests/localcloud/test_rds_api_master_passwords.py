"""Managed master passwords as the API has them, over a fleet that records what it was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.errors import ServerFailed
from localcloud.fleet import Ref
from localcloud.services.secrets import Secrets
from localcloud.site import Site
from tests.localcloud.front_fixtures import PASSWORD, Ground, endpoint, ground, mysql, refusal, site
from tests.localcloud.front_site import Endpoint, served
from tests.localcloud.recording_fleet import RecordingFleet

__all__ = ["endpoint", "ground", "site"]
INSTANCE = "myapp-mysql-db"
CLUSTER = {"DBClusterIdentifier": "cluster", "Engine": "aurora-mysql", "MasterUsername": "admin"}


def managed(**changes: Any) -> dict[str, Any]:
    return mysql(MasterUserPassword=None, ManageMasterUserPassword=True, **changes)


def secret_of(endpoint: Endpoint) -> str:
    (found,) = endpoint.client("rds").describe_db_instances()["DBInstances"]
    return str(found["MasterUserSecret"]["SecretArn"])


def password_in(endpoint: Endpoint, arn: str) -> str:
    text = endpoint.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return str(json.loads(text)["password"])


def test_rds_makes_a_secret_of_its_own(endpoint: Endpoint, ground: Ground) -> None:
    made = endpoint.client("rds").create_db_instance(
        **managed(StorageEncrypted=True, MasterUserSecretKmsKeyId=ground.key)
    )["DBInstance"]
    secret = made["MasterUserSecret"]
    assert secret["SecretStatus"] == "active"
    assert secret["KmsKeyId"] == ground.key
    found = endpoint.client("secretsmanager").describe_secret(SecretId=secret["SecretArn"])
    assert found["Name"].startswith("rds!db-")
    assert found["OwningService"] == "rds"
    assert found["KmsKeyId"] == ground.key
    assert found["RotationEnabled"] is True
    assert found["RotationRules"] == {"AutomaticallyAfterDays": 7}
    assert len(password_in(endpoint, secret["SecretArn"])) == 28


def test_a_cluster_has_one_and_its_members_have_none(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    made = rds.create_db_cluster(**CLUSTER, ManageMasterUserPassword=True)["DBCluster"]
    member = rds.create_db_instance(
        DBInstanceIdentifier="one",
        DBClusterIdentifier="cluster",
        Engine="aurora-mysql",
        DBInstanceClass="db.r5.large",
    )["DBInstance"]
    assert ":secret:rds!cluster-" in made["MasterUserSecret"]["SecretArn"]
    assert "MasterUserSecret" not in member


def test_the_secret_goes_with_its_database(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**managed())
    arn = secret_of(endpoint)
    rds.delete_db_instance(DBInstanceIdentifier=INSTANCE, SkipFinalSnapshot=True)
    secrets = endpoint.client("secretsmanager")
    assert refusal(secrets.get_secret_value, SecretId=arn) == "ResourceNotFoundException"


def test_a_database_that_cannot_be_made_leaves_no_secret(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    assert refusal(rds.create_db_instance, **managed(AllocatedStorage=1))
    assert endpoint.client("secretsmanager").list_secrets()["SecretList"] == []


def test_a_password_of_one_s_own_becomes_rds_s_and_back(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    change = {"DBInstanceIdentifier": INSTANCE, "ApplyImmediately": True}
    rds.modify_db_instance(**change, ManageMasterUserPassword=True)
    arn = secret_of(endpoint)
    ref = Ref("us-east-1", INSTANCE)
    assert endpoint.fleet.named("set_password")[-1] == (ref, password_in(endpoint, arn))
    rds.modify_db_instance(
        **change, ManageMasterUserPassword=False, MasterUserPassword="my-own-again-2"
    )
    assert endpoint.fleet.named("set_password")[-1] == (ref, "my-own-again-2")
    assert "MasterUserSecret" not in rds.describe_db_instances()["DBInstances"][0]
    assert endpoint.client("secretsmanager").list_secrets()["SecretList"] == []


@pytest.mark.parametrize(
    ("rules", "reported"),
    [
        ({"AutomaticallyAfterDays": 30}, {"AutomaticallyAfterDays": 30}),
        ({"AutomaticallyAfterDays": 1, "Duration": "3h"}, {"AutomaticallyAfterDays": 1}),
    ],
)
def test_another_schedule(
    endpoint: Endpoint, rules: dict[str, Any], reported: dict[str, Any]
) -> None:
    endpoint.client("rds").create_db_instance(**managed())
    arn, secrets = secret_of(endpoint), endpoint.client("secretsmanager")
    before = password_in(endpoint, arn)
    secrets.rotate_secret(SecretId=arn, RotationRules=rules, RotateImmediately=False)
    assert secrets.describe_secret(SecretId=arn)["RotationRules"] == reported
    assert password_in(endpoint, arn) == before
    secrets.cancel_rotate_secret(SecretId=arn)
    assert secrets.describe_secret(SecretId=arn)["RotationEnabled"] is False


def test_a_start_with_a_managed_password_and_no_rotation_under_way_ended_the_daemon(
    site: Site,
) -> None:
    fleet = RecordingFleet()
    with served(site, fleet) as first:
        first.client("rds").create_db_instance(**managed())
        arn = secret_of(first)
        before = password_in(first, arn)
    with served(site, fleet) as second:
        assert password_in(second, arn) == before
    assert fleet.named("set_password") == []


def test_a_rotation_that_a_kill_cut_short_is_finished_at_the_next_start(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may have the new password then, and the secret the old one."""
    fleet = RecordingFleet()

    def killed(self: Secrets, arn: str) -> None:
        raise ServerFailed("killed")

    with served(site, fleet) as first:
        first.client("rds").create_db_instance(**managed())
        arn = secret_of(first)
        before = password_in(first, arn)
        secrets = first.client("secretsmanager")
        with monkeypatch.context() as patch:
            patch.setattr(Secrets, "accept", killed)
            with pytest.raises(ClientError, match="killed"):
                secrets.rotate_secret(SecretId=arn)
        assert password_in(first, arn) == before
    half_done = fleet.named("set_password")[-1][1]
    with served(site, fleet) as second:
        assert password_in(second, arn) == half_done
        assert fleet.named("set_password")[-1][1] == half_done


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (managed() | {"MasterUserPassword": PASSWORD}, "InvalidParameterCombination"),
        (mysql(MasterUserSecretKmsKeyId="alias/aws/rds"), "InvalidParameterCombination"),
        (managed(MasterUserSecretKmsKeyId="alias/nobody"), "KMSKeyNotAccessibleFault"),
        (managed(MasterUsername=None), "MissingParameter"),
    ],
)
def test_what_rds_refuses_of_a_new_instance(
    endpoint: Endpoint, arguments: dict[str, Any], code: str
) -> None:
    assert refusal(endpoint.client("rds").create_db_instance, **arguments) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"MasterUserPassword": "my-own-again-2"}, "InvalidParameterCombination"),
        ({"ManageMasterUserPassword": False}, "InvalidParameterCombination"),
        (
            {"RotateMasterUserPassword": True, "ApplyImmediately": False},
            "InvalidParameterCombination",
        ),
    ],
)
def test_what_rds_refuses_of_a_managed_one(
    endpoint: Endpoint, change: dict[str, Any], code: str
) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**managed())
    assert refusal(rds.modify_db_instance, DBInstanceIdentifier=INSTANCE, **change) == code


def test_replicas_and_global_databases_exclude_it(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**managed())
    names = {"DBInstanceIdentifier": "copy", "SourceDBInstanceIdentifier": INSTANCE}
    with pytest.raises(ClientError, match="where ManageMasterUserPassword is enabled is not"):
        rds.create_db_instance_read_replica(**names)
    cluster = rds.create_db_cluster(**CLUSTER, ManageMasterUserPassword=True)["DBCluster"]
    wanted = {
        "GlobalClusterIdentifier": "all",
        "SourceDBClusterIdentifier": cluster["DBClusterArn"],
    }
    assert refusal(rds.create_global_cluster, **wanted) == "InvalidParameterCombination"


def test_an_instance_with_replicas_keeps_its_own(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**mysql())
    rds.create_db_instance_read_replica(
        DBInstanceIdentifier="copy", SourceDBInstanceIdentifier=INSTANCE
    )
    change = {"DBInstanceIdentifier": INSTANCE, "ManageMasterUserPassword": True}
    assert refusal(rds.modify_db_instance, **change) == "InvalidParameterCombination"
    change = {"DBInstanceIdentifier": INSTANCE, "RotateMasterUserPassword": True}
    assert refusal(rds.modify_db_instance, **change) == "InvalidParameterCombination"


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("put_secret_value", {"SecretString": "{}"}),
        ("update_secret", {"SecretString": "{}"}),
        ("delete_secret", {"ForceDeleteWithoutRecovery": True}),
        ("rotate_secret", {"RotationLambdaARN": "arn:aws:lambda:us-east-1:1:function:f"}),
    ],
)
def test_a_managed_secret_is_rds_s_business(
    endpoint: Endpoint, operation: str, arguments: dict[str, Any]
) -> None:
    endpoint.client("rds").create_db_instance(**managed())
    call = getattr(endpoint.client("secretsmanager"), operation)
    assert refusal(call, SecretId=secret_of(endpoint), **arguments) == "InvalidRequestException"


def test_a_secret_of_one_s_own_is_not_rotated_here(endpoint: Endpoint) -> None:
    secrets = endpoint.client("secretsmanager")
    secrets.create_secret(Name="own", SecretString="{}")
    with pytest.raises(ClientError, match="runs no rotation function"):
        secrets.rotate_secret(SecretId="own")
    assert refusal(secrets.rotate_secret, SecretId="nobody") == "ResourceNotFoundException"
    assert refusal(secrets.cancel_rotate_secret, SecretId="own") == "InvalidRequestException"


def test_a_stopped_instance_is_not_rotated(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_instance(**managed())
    arn = secret_of(endpoint)
    before = password_in(endpoint, arn)
    rds.stop_db_instance(DBInstanceIdentifier=INSTANCE)
    secrets = endpoint.client("secretsmanager")
    assert refusal(secrets.rotate_secret, SecretId=arn) == "InvalidRequestException"
    assert password_in(endpoint, arn) == before
