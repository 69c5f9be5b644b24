from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.errors import ComponentError
from components.keys import RegionKey, RegionKeyArgs
from components.network import Network, NetworkArgs
from components.serverless_cache import ServerlessCache, ServerlessCacheArgs
from contract import Database
from specs.serverless_cache import ServerlessCache as Spec
from tests.recorder import Recording, record

SPEC: dict[str, Any] = {
    "kind": "serverless-cache",
    "identifier": "prod-edge",
    "engine": "valkey",
    "major_version": "8",
    "description": "What the edge remembers",
}
CHILDREN = {
    "edge-access": "aws-databases:index:DatabaseSecurityGroup",
    "edge-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "edge-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "edge-cache": "aws:elasticache/serverlessCache:ServerlessCache",
}
CACHE = {
    "region": "us-east-1",
    "name": "prod-edge",
    "engine": "valkey",
    "majorEngineVersion": "8",
    "description": "What the edge remembers",
    # Subnets themselves, no subnet group, and three at most.
    "subnetIds": [f"subnet-us-east-1-{zone}" for zone in "abc"],
    "securityGroupIds": ["edge-access-group-id"],
}
TAGS = {"Name": "prod-edge", "Project": "aws-databases", "Stack": "dev"}


def made(**changes: Any) -> Recording:
    spec = Spec.model_validate(SPEC | changes)

    def program() -> None:
        network = Network("network", NetworkArgs("us-east-1"))
        key = RegionKey("key", RegionKeyArgs("us-east-1"))
        args = ServerlessCacheArgs(spec, network, key, "topologies.edge")
        pulumi.export("facts", ServerlessCache("edge", args).facts)

    return record(program)


def cache(recording: Recording) -> dict[str, Any]:
    found = dict(recording.named("edge-cache").inputs)
    assert found.pop("tags") == TAGS
    assert ":key/" in found.pop("kmsKeyId")
    return found


@pytest.fixture(scope="module")
def plain() -> Recording:
    return made()


def test_the_exact_children(plain: Recording) -> None:
    assert plain.below("edge") == CHILDREN


def test_the_cache(plain: Recording) -> None:
    assert cache(plain) == CACHE


@pytest.mark.parametrize(
    ("engine", "version", "ports"),
    [
        ("valkey", "8", (6379, 6380)),
        ("redis", "7", (6379, 6380)),
        ("memcached", "1.6", (11211, 11212)),
    ],
)
def test_both_ports_are_open_to_clients(engine: str, version: str, ports: tuple[int, int]) -> None:
    recording = made(engine=engine, major_version=version)
    rule = recording.named("edge-access-from-clients").inputs
    assert (rule["fromPort"], rule["toPort"]) == ports


@pytest.mark.parametrize(
    ("changes", "inputs"),
    [
        (
            {"storage_gb": {"least": 2, "most": 50}},
            {"cacheUsageLimits": {"dataStorage": {"unit": "GB", "minimum": 2, "maximum": 50}}},
        ),
        (
            {"ecpu_per_second": {"most": 5000}},
            {"cacheUsageLimits": {"ecpuPerSeconds": [{"maximum": 5000}]}},
        ),
        (
            {"backups": {"retention_days": 7, "time": "03:00"}},
            {"snapshotRetentionLimit": 7, "dailySnapshotTime": "03:00"},
        ),
        (
            {"zones": ["f", "a"]},
            {"subnetIds": ["subnet-us-east-1-f", "subnet-us-east-1-a"]},
        ),
        ({"user_group_id": "edge-users"}, {"userGroupId": "edge-users"}),
    ],
)
def test_a_change_of_the_spec_changes_just_this(
    changes: dict[str, Any], inputs: dict[str, Any]
) -> None:
    assert cache(made(**changes)) == CACHE | inputs


def test_what_it_tells_the_world(plain: Recording) -> None:
    facts = Database.model_validate(plain.outputs["facts"])
    assert [(e.role, e.host, e.port) for e in facts.endpoints] == [
        ("primary", "prod-edge.us-east-1", 6379),
        ("reader", "prod-edge.us-east-1", 6380),
    ]
    assert (facts.kind, facts.engine, facts.version) == ("serverless-cache", "valkey", "8.1")
    assert (facts.tls, facts.cluster, facts.secret_arn) == (True, "prod-edge", None)


def test_a_zone_without_a_subnet_is_an_error_with_its_path() -> None:
    with pytest.raises(ComponentError, match=r"topologies\.edge\.zones\.1: zone us-east-1e"):
        made(zones=["a", "e"])
