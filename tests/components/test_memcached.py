from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.errors import ComponentError
from components.memcached import Memcached, MemcachedArgs
from components.network import Network, NetworkArgs
from contract import Database
from specs.memcached import Memcached as Spec
from tests.recorder import Recording, record

SPEC: dict[str, Any] = {
    "kind": "memcached",
    "identifier": "myapp-memcached",
    "engine_version": "1.6.22",
    "class": "cache.t3.micro",
    "nodes": 2,
    "placement": {"az_mode": "cross-az"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "apply_changes": "immediately",
}
CHILDREN = {
    "cache-access": "aws-databases:index:DatabaseSecurityGroup",
    "cache-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "cache-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "cache-subnets": "aws:elasticache/subnetGroup:SubnetGroup",
    "cache-cluster": "aws:elasticache/cluster:Cluster",
}
CLUSTER = {
    "region": "us-east-1",
    "clusterId": "myapp-memcached",
    "engine": "memcached",
    "engineVersion": "1.6.22",
    "nodeType": "cache.t3.micro",
    "numCacheNodes": 2,
    "azMode": "cross-az",
    "preferredAvailabilityZones": ["us-east-1a", "us-east-1b"],
    "subnetGroupName": "cache-subnets-1a2b3c4",
    "securityGroupIds": ["cache-access-group-id"],
    "port": 11211,
    "transitEncryptionEnabled": True,
    "maintenanceWindow": "sun:04:30-sun:05:30",
    "applyImmediately": True,
    "parameterGroupName": "default.memcached1.6",
    # No snapshot of any kind, which ElastiCache refuses for memcached.
}
TAGS = {"Name": "myapp-memcached", "Project": "aws-databases", "Stack": "dev"}


def made(*, preview: bool = False, **changes: Any) -> Recording:
    spec = Spec.model_validate(SPEC | changes)

    def program() -> None:
        network = Network("network", NetworkArgs("us-east-1", allowed_cidrs=("10.0.0.0/16",)))
        cache = Memcached("cache", MemcachedArgs(spec, network, "topologies.cache"))
        pulumi.export("facts", cache.facts)

    return record(program, preview=preview)


def cluster(recording: Recording) -> dict[str, Any]:
    found = dict(recording.named("cache-cluster").inputs)
    assert found.pop("tags") == TAGS
    return found


@pytest.fixture(scope="module")
def course() -> Recording:
    return made()


def test_the_exact_children(course: Recording) -> None:
    from_range = {"cache-access-from-10.0.0.0-16": CHILDREN["cache-access-from-clients"]}
    assert course.below("cache") == CHILDREN | from_range


def test_the_cluster_of_the_stack(course: Recording) -> None:
    assert cluster(course) == CLUSTER


def test_the_port_is_open_to_clients_only(course: Recording) -> None:
    for rule in ("cache-access-from-clients", "cache-access-from-10.0.0.0-16"):
        inputs = course.named(rule).inputs
        assert (inputs["fromPort"], inputs["toPort"]) == (11211, 11211)


@pytest.mark.parametrize(
    ("changes", "inputs"),
    [
        (
            {"nodes": 7},
            {
                "numCacheNodes": 7,
                # Zone e is one that databases cannot use.
                "preferredAvailabilityZones": [f"us-east-1{z}" for z in "abcdfab"],
            },
        ),
        (
            {"nodes": 3, "placement": {"az_mode": "cross-az", "zones": ["c", "a"]}},
            {
                "numCacheNodes": 3,
                "preferredAvailabilityZones": ["us-east-1c", "us-east-1a", "us-east-1c"],
            },
        ),
        (
            {"placement": {"az_mode": "single-az", "zone": "b"}},
            {
                "azMode": "single-az",
                "preferredAvailabilityZones": ["us-east-1b", "us-east-1b"],
            },
        ),
        (
            {"nodes": 1, "placement": {"az_mode": "single-az", "zone": "a"}},
            {
                "numCacheNodes": 1,
                "azMode": "single-az",
                "preferredAvailabilityZones": ["us-east-1a"],
            },
        ),
        ({"tls": False}, {"transitEncryptionEnabled": False}),
        ({"apply_changes": "maintenance-window"}, {"applyImmediately": False}),
    ],
)
def test_a_change_of_the_spec_changes_just_this(
    changes: dict[str, Any], inputs: dict[str, Any]
) -> None:
    assert cluster(made(**changes)) == CLUSTER | inputs


def test_parameters_make_a_group() -> None:
    recording = made(parameters={"max_item_size": 2097152, "idle_timeout": "60"})
    assert recording.named("cache-parameters").inputs == {
        "region": "us-east-1",
        "family": "memcached1.6",
        "description": "Parameters of myapp-memcached",
        "parameters": [
            {"name": "idle_timeout", "value": "60"},
            {"name": "max_item_size", "value": "2097152"},
        ],
        "tags": TAGS | {"Name": "cache-parameters"},
    }
    wanted = CLUSTER | {"parameterGroupName": "cache-parameters-1a2b3c4"}
    assert cluster(recording) == wanted


def test_what_it_tells_the_world(course: Recording) -> None:
    facts = Database.model_validate(course.outputs["facts"])
    assert [(e.role, e.name, e.host, e.port) for e in facts.endpoints] == [
        ("configuration", None, "myapp-memcached.cfg.us-east-1", 11211),
        ("node", "0001", "myapp-memcached.0001.us-east-1", 11211),
        ("node", "0002", "myapp-memcached.0002.us-east-1", 11211),
    ]
    assert (facts.kind, facts.engine, facts.version) == ("memcached", "memcached", "1.6.22")
    assert (facts.tls, facts.cluster) == (True, "myapp-memcached")
    assert facts.instances == ("0001", "0002")
    # Nobody logs in.
    assert (facts.secret_arn, facts.user) == (None, None)


def test_a_preview_has_the_same_resources(course: Recording) -> None:
    assert made(preview=True).below("cache") == course.below("cache")


def test_a_zone_without_a_subnet_is_an_error_with_its_path() -> None:
    with pytest.raises(ComponentError, match=r"topologies\.cache\.placement\.zones\.1: zone us-ea"):
        made(placement={"az_mode": "cross-az", "zones": ["a", "z"]})
    with pytest.raises(ComponentError, match=r"topologies\.cache\.placement\.zone: zone us-east"):
        made(placement={"az_mode": "single-az", "zone": "e"})
