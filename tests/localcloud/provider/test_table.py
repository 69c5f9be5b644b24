"""The table of resource types against the SDK's own arguments and the dev stack's inputs."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import DeployFailed
from localcloud.provider.kind import Kind
from localcloud.provider.provider import KINDS, Provider
from localcloud.site import Site
from tests.stacks.run_program import run_dev

_RULE = {
    "cidrIpv4", "cidrIpv6", "description", "fromPort", "ipProtocol", "prefixListId",
    "referencedSecurityGroupId", "securityGroupId", "toPort",
}  # fmt: skip
NEW_RESOURCE: dict[str, set[str]] = {
    "aws:cloudwatch/logGroup:LogGroup": {"logGroupClass", "name"},
    "aws:ec2/securityGroup:SecurityGroup": {"description", "name", "vpcId"},
    "aws:elasticache/parameterGroup:ParameterGroup": {"description", "family", "name"},
    "aws:elasticache/replicationGroup:ReplicationGroup": {
        "atRestEncryptionEnabled", "dataTieringEnabled", "globalReplicationGroupId", "kmsKeyId",
        "networkType", "port", "replicationGroupId", "snapshotArns", "snapshotName",
        "subnetGroupName", "transitEncryptionEnabled",
    },
    "aws:elasticache/subnetGroup:SubnetGroup": {"name"},
    "aws:iam/role:Role": {"name", "path"},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"policyArn", "role"},
    "aws:kms/alias:Alias": {"name"},
    "aws:kms/key:Key": {
        "customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId",
    },
    "aws:rds/cluster:Cluster": {
        "availabilityZones", "clusterIdentifier", "clusterScalabilityType", "databaseName",
        "dbSubnetGroupName", "dbSystemId", "engine", "engineMode", "kmsKeyId", "masterUsername",
        "sourceRegion", "storageEncrypted", "publiclyAccessible",
        # Aurora's changes in place.
        "storageType",
    },
    "aws:rds/clusterEndpoint:ClusterEndpoint": {"clusterEndpointIdentifier", "clusterIdentifier"},
    "aws:rds/clusterInstance:ClusterInstance": {
        "availabilityZone", "clusterIdentifier", "customIamInstanceProfile", "dbSubnetGroupName",
        "engine", "identifier", "publiclyAccessible",
    },
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": {"description", "family", "name"},
    "aws:rds/instance:Instance": {
        "availabilityZone", "backupTarget", "characterSetName", "customIamInstanceProfile",
        "dbName", "dbSubnetGroupName", "engine", "identifier", "kmsKeyId",
        "ncharCharacterSetName", "restoreToPointInTime", "snapshotIdentifier", "storageEncrypted",
        "timezone", "username",
    },
    "aws:rds/parameterGroup:ParameterGroup": {"description", "family", "name"},
    "aws:rds/subnetGroup:SubnetGroup": {"name"},
    "aws:secretsmanager/secret:Secret": {"name"},
    "aws:secretsmanager/secretVersion:SecretVersion": {"secretId"},
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _RULE,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _RULE,
    "random:index/randomPassword:RandomPassword": {
        "keepers", "length", "lower", "minLower", "minNumeric", "minSpecial", "minUpper",
        "number", "numeric", "overrideSpecial", "special", "upper",
    },
}  # fmt: skip
"""Beside the region. From the documentation of the providers ("forces replacement")."""
FIXED: dict[str, set[str]] = {
    "aws:cloudwatch/logGroup:LogGroup": {"deletionProtectionEnabled", "kmsKeyId"},
    "aws:iam/role:Role": {"permissionsBoundary"},
    "aws:kms/key:Key": {"bypassPolicyLockoutSafetyCheck"},
    "aws:rds/cluster:Cluster": {
        "globalClusterIdentifier", "replicationSourceIdentifier",
    },
    "aws:secretsmanager/secret:Secret": {"forceOverwriteReplicaSecret"},
}  # fmt: skip
"""Can be created here, but not be changed: the run says so instead of passing over it."""

CHECKED = [kind for kind in KINDS if kind.token in NEW_RESOURCE]


@pytest.fixture(scope="module")
def provider() -> Provider:
    # Nothing here makes a call.
    return Provider(Site(Path("/nowhere")), "us-east-1")


def properties(token: str) -> list[str]:
    """The arguments of the SDK's resource, as they go over the wire."""
    package, module, name = token.split(":")
    folder = module.split("/")[0]
    found = importlib.import_module(
        f"pulumi_{package}" if folder == "index" else f"pulumi_{package}.{folder}"
    )
    arguments = inspect.signature(getattr(found, f"{name}Args").__init__).parameters
    return sorted(_wire(argument) for argument in arguments if not argument.startswith("__"))


def _wire(argument: str) -> str:
    first, *others = argument.split("_")
    return first + "".join(other[:1].upper() + other[1:] for other in others)


def known(kind: Kind) -> Iterable[str]:
    return [p for p in properties(kind.token) if not kind.unknown({p: "value"})]


def values(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, "value")


@pytest.mark.parametrize("token", [kind.token for kind in CHECKED])
def test_which_changes_need_a_new_resource(provider: Provider, token: str) -> None:
    changed = [p for p in known(provider.kind(token)) if p not in FIXED.get(token, ())]
    assert "region" in changed or token.startswith(("aws:iam", "random:"))
    needed: set[str] = set()
    for prop in changed:
        difference = provider.diff(token, {}, values(prop))
        assert difference.changed == {prop}
        needed |= difference.replaces
    assert needed - {"region"} == NEW_RESOURCE[token]


@pytest.mark.parametrize("token", [kind.token for kind in CHECKED])
def test_what_can_not_be_changed_is_said(provider: Provider, token: str) -> None:
    for prop in FIXED.get(token, ()):
        with pytest.raises(DeployFailed, match=f"cannot change '{prop}' of an existing {token}"):
            provider.diff(token, {}, values(prop))
    kind = provider.kind(token)
    assert kind.fixed(frozenset(known(kind))) == FIXED.get(token, set())


@pytest.mark.parametrize("token", [kind.token for kind in CHECKED])
def test_an_unknown_property_is_named_before_anything_is_made(
    provider: Provider, token: str
) -> None:
    with pytest.raises(DeployFailed, match=f"does not know the property 'teleport' of {token}"):
        provider.check(token, "thing", "seed", values("teleport"))


def test_every_input_of_the_dev_stack_is_known(provider: Provider) -> None:
    resources = [r for r in run_dev().resources if r.custom]
    assert len(resources) > 40
    for resource in resources:
        kind = provider.kind(resource.type)
        assert kind.unknown(resource.inputs) == set(), resource.name


def test_an_unknown_type_is_answered_with_those_there_are(provider: Provider) -> None:
    with pytest.raises(DeployFailed, match=r"no resources of type aws:sqs/queue:Queue.*rds"):
        provider.check("aws:sqs/queue:Queue", "q", "seed", {})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"tags": {}}, {}),
        ({"subnetIds": []}, {}),
        ({"description": None}, {}),
        ({"port": 3306}, {"port": 3306.0}),
    ],
)
def test_nothing_and_empty_are_no_difference(
    provider: Provider, old: dict[str, Any], new: dict[str, Any]
) -> None:
    for one, other in ((old, new), (new, old)):
        assert provider.diff("aws:rds/instance:Instance", one, other).none


@pytest.mark.parametrize(("old", "new"), [({}, {"multiAz": False}), ({}, {"description": ""})])
def test_false_and_an_empty_text_are_values(
    provider: Provider, old: dict[str, Any], new: dict[str, Any]
) -> None:
    token = "aws:elasticache/replicationGroup:ReplicationGroup"
    renamed = {"multiAzEnabled" if p == "multiAz" else p: v for p, v in new.items()}
    assert provider.diff(token, old, renamed).changed == renamed.keys()


def test_a_new_region_is_a_new_resource(provider: Provider) -> None:
    for kind in CHECKED:
        difference = provider.diff(kind.token, {"region": "us-east-1"}, {"region": "us-west-2"})
        assert difference.replaces == {"region"}


class TestTheOldOneGoesFirst:
    """Where two cannot have one name; else the new one comes first, so that users can move."""

    def test_when_the_identifier_stays(self, provider: Provider) -> None:
        old = {"identifier": "a", "username": "admin"}
        difference = provider.diff("aws:rds/instance:Instance", old, {**old, "username": "root"})
        assert difference.delete_first

    def test_but_not_when_it_changes(self, provider: Provider) -> None:
        old = {"identifier": "a", "username": "admin"}
        new = {"identifier": "b", "username": "root"}
        assert not provider.diff("aws:rds/instance:Instance", old, new).delete_first

    def test_nor_when_there_is_none(self, provider: Provider) -> None:
        old = {"keyUsage": "ENCRYPT_DECRYPT"}
        assert not provider.diff("aws:kms/key:Key", old, {"keyUsage": "SIGN_VERIFY"}).delete_first

    def test_nor_for_an_update(self, provider: Provider) -> None:
        old = {"identifier": "a", "multiAz": True}
        difference = provider.diff("aws:rds/instance:Instance", old, {**old, "multiAz": False})
        assert not difference.delete_first


def test_what_the_api_wants_described_is_described(provider: Provider) -> None:
    described = {
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:elasticache/parameterGroup:ParameterGroup",
        "aws:elasticache/subnetGroup:SubnetGroup",
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
    }
    for token in described:
        checked = provider.check(token, "n", "seed", {"name": "mine"})
        assert checked == {"name": "mine", "description": "Managed by Pulumi"}
        assert (
            provider.check(token, "n", "seed", {"name": "a", "description": "own"})["description"]
            == "own"
        )


class TestGeneratedNames:
    """A name that the program leaves open."""

    GROUP = "aws:rds/subnetGroup:SubnetGroup"

    def name(self, provider: Provider, seed: str, **inputs: str) -> str:
        return str(provider.check(self.GROUP, "mysql-subnets", seed, inputs)["name"])

    def test_is_the_same_for_the_same_seed(self, provider: Provider) -> None:
        first = self.name(provider, "urn:pulumi:dev::p::t::n")
        assert first == self.name(provider, "urn:pulumi:dev::p::t::n")
        # From another process, too: a hash of the interpreter would differ.
        assert first == "mysql-subnets-06d4fe2"

    def test_is_another_one_for_another_seed(self, provider: Provider) -> None:
        assert self.name(provider, "a") != self.name(provider, "b")

    def test_begins_with_the_prefix_the_program_gives(self, provider: Provider) -> None:
        assert self.name(provider, "a", namePrefix="own-").startswith("own-")
        checked = provider.check(self.GROUP, "n", "a", {"namePrefix": "own-"})
        assert "namePrefix" not in checked

    def test_is_not_made_where_there_is_one(self, provider: Provider) -> None:
        assert self.name(provider, "a", name="mine") == "mine"
