"""A global database of two regions and a headless third, made with plain boto3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.verify.databases import PASSWORD, REGION, TLS_ONLY, USER

WEST, THIRD = "us-west-2", "eu-west-1"
_ENGINE = {"Engine": "aurora-mysql"}


def create_global(client: Callable[..., Any], secret: str) -> dict[str, Any]:
    """``client`` gives a boto3 client of a service, in a region."""
    client("rds").create_global_cluster(
        GlobalClusterIdentifier="store", StorageEncrypted=True, **_ENGINE
    )
    home = _cluster(
        client, REGION, "store-east", ["a", "b"],
        MasterUsername=USER, MasterUserPassword=PASSWORD,
    )  # fmt: skip
    west = _cluster(client, WEST, "store-west", ["a"])
    third = _cluster(client, THIRD, "store-eu", [])
    ends = _ends(home)
    return {
        "store": {
            "kind": "global-database",
            "engine": "aurora-mysql",
            "version": home["EngineVersion"],
            "region": REGION,
            "user": USER,
            "secret_arn": secret,
            "cluster": "store-east",
            "instances": ["store-east-a", "store-east-b"],
            "endpoints": [ends["writer"], ends["reader"]],
            "worldwide": {
                "identifier": "store",
                "secondaries": [
                    {
                        "region": WEST,
                        "cluster": "store-west",
                        "instances": ["store-west-a"],
                        **_ends(west),
                    },
                    {"region": THIRD, "cluster": "store-eu", **_ends(third)},
                ],
            },
        }
    }


def _cluster(
    client: Callable[..., Any], region: str, name: str, members: list[str], **more: Any
) -> dict[str, Any]:
    rds = client("rds", region)
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="store-tls",
        DBParameterGroupFamily="aurora-mysql8.0",
        Description="TLS only",
    )
    rds.modify_db_cluster_parameter_group(
        DBClusterParameterGroupName="store-tls", Parameters=[TLS_ONLY]
    )
    made: dict[str, Any] = rds.create_db_cluster(
        DBClusterIdentifier=name,
        GlobalClusterIdentifier="store",
        DBClusterParameterGroupName="store-tls",
        BackupRetentionPeriod=7,
        StorageEncrypted=True,
        KmsKeyId=client("kms", region).create_key()["KeyMetadata"]["Arn"],
        **_ENGINE,
        **more,
    )["DBCluster"]
    for member in members:
        rds.create_db_instance(
            DBInstanceIdentifier=f"{name}-{member}",
            DBClusterIdentifier=name,
            DBInstanceClass="db.r6g.large",
            **_ENGINE,
        )
    return made


def _ends(cluster: dict[str, Any]) -> dict[str, Any]:
    return {
        role: {"role": role, "host": cluster[field], "port": 3306}
        for role, field in (("writer", "Endpoint"), ("reader", "ReaderEndpoint"))
    }
