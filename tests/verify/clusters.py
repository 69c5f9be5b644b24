"""Aurora PostgreSQL and Multi-AZ DB clusters in the session's cloud, and what a program would
output of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Finished, Verify
from tests.verify.databases import PASSWORD, REGION, TLS_ONLY
from tests.verify.engines import USER, silent

MEMBERS = {"shop-a": "us-east-1a", "shop-b": "us-east-1b", "shop-c": "us-east-1c"}
STANDBYS = {n: [f"{n}-instance-{number}" for number in (1, 2, 3)] for n in ("bookings", "stock")}
FORCE_SSL = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
COMMON = {
    "MasterUsername": USER,
    "MasterUserPassword": PASSWORD,
    "BackupRetentionPeriod": 7,
    "StorageEncrypted": True,
}


@pytest.fixture(scope="session")
def clusters(cloud: TestCloud) -> dict[str, Any]:
    """``shop``, an Aurora PostgreSQL cluster; ``bookings`` and ``stock``, PostgreSQL and MySQL in
    three zones.
    """
    secret = cloud.client("secretsmanager").create_secret(
        Name="clusters", SecretString=json.dumps({"username": USER, "password": PASSWORD})
    )["ARN"]
    _groups(cloud)
    return {
        "shop": _aurora(cloud, secret),
        "bookings": _multi_az(cloud, secret, "bookings", "postgres", "17"),
        "stock": _multi_az(cloud, secret, "stock", "mysql", "8.4"),
    }


def _groups(cloud: TestCloud) -> None:
    rds = cloud.client("rds")
    for name, family, parameter in (
        ("shop", "aurora-postgresql17", FORCE_SSL),
        ("bookings", "postgres17", FORCE_SSL),
        ("stock", "mysql8.4", TLS_ONLY),
    ):
        group = {"DBClusterParameterGroupName": name}
        rds.create_db_cluster_parameter_group(
            **group, DBParameterGroupFamily=family, Description="TLS only"
        )
        rds.modify_db_cluster_parameter_group(**group, Parameters=[parameter])
    zones = cloud.client("ec2").describe_subnets()["Subnets"]
    rds.create_db_subnet_group(
        DBSubnetGroupName="three",
        DBSubnetGroupDescription="three",
        SubnetIds=[subnet["SubnetId"] for subnet in zones][:3],
    )


def _aurora(cloud: TestCloud, secret: str) -> dict[str, Any]:
    rds = cloud.client("rds")
    made = rds.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine="aurora-postgresql",
        EngineVersion="17.7",
        DBClusterParameterGroupName="shop",
        **COMMON,
    )["DBCluster"]
    for name, zone in MEMBERS.items():
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBClusterIdentifier="shop",
            Engine="aurora-postgresql",
            DBInstanceClass="db.r6g.large",
            AvailabilityZone=zone,
        )
    custom = rds.create_db_cluster_endpoint(
        DBClusterIdentifier="shop",
        DBClusterEndpointIdentifier="reports",
        EndpointType="ANY",
        StaticMembers=["shop-c"],
    )["Endpoint"]
    found = _facts(cloud, "aurora-postgresql", made, secret, list(MEMBERS))
    found["endpoints"].insert(
        2,
        {"role": "custom", "name": "reports", "host": custom, "port": 5432, "members": ["shop-c"]},
    )
    return found


def _multi_az(cloud: TestCloud, secret: str, name: str, engine: str, version: str) -> Any:
    made = cloud.client("rds").create_db_cluster(
        DBClusterIdentifier=name,
        Engine=engine,
        EngineVersion=version,
        DBClusterInstanceClass="db.m6gd.large",
        AllocatedStorage=100,
        StorageType="gp3",
        DatabaseName="appdb",
        DBSubnetGroupName="three",
        DBClusterParameterGroupName=name,
        **COMMON,
    )["DBCluster"]
    return _facts(cloud, f"multi-az-{engine}", made, secret, STANDBYS[name])


def _facts(
    cloud: TestCloud, kind: str, made: dict[str, Any], secret: str, members: list[str]
) -> dict[str, Any]:
    rds, port = cloud.client("rds"), made["Port"]
    hosts = {
        name: rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["Endpoint"]
        for name in members
    }
    return {
        "kind": kind,
        "engine": made["Engine"],
        "version": made["EngineVersion"],
        "region": REGION,
        "user": USER,
        "secret_arn": secret,
        "cluster": made["DBClusterIdentifier"],
        "instances": members,
        "endpoints": [
            {"role": "writer", "host": made["Endpoint"], "port": port, "members": members},
            {"role": "reader", "host": made["ReaderEndpoint"], "port": port, "members": members},
            *(
                {"role": "instance", "name": name, "host": at["Address"], "port": port}
                for name, at in hosts.items()
            ),
        ],
    }


@pytest.fixture
def verify(
    cloud: TestCloud,
    clusters: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Verify:
    """The command, on a record of these clusters only."""
    record = cloud.record()
    record["outputs"]["databases"] = json.loads(json.dumps(clusters))
    return Verify(record, tmp_path, capsys)


def perform(verify: Verify, exercise: str, cluster: str, *flags: str) -> Finished:
    """One exercise on one cluster: two names would be all exercises of either."""
    for other in set(verify.databases) - {cluster}:
        del verify.databases[other]
    return verify(exercise, *flags)


def lead(verify: Verify, cluster: str, role: str, member: str) -> None:
    """Make an endpoint of the record lead to one member."""
    endpoints = verify.databases[cluster]["endpoints"]
    (host,) = (e["host"] for e in endpoints if (e["role"], e.get("name")) == ("instance", member))
    verify.endpoint(cluster, role)["host"] = host


@contextmanager
def all_silent(cloud: TestCloud, members: list[str]) -> Iterator[None]:
    """A cluster none of whose servers answers or goes away."""
    with ExitStack() as stack:
        for member in members:
            stack.enter_context(silent(cloud, member))
        yield
