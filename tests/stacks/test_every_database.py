"""What AWS asks of every database of every stack. Source: shared/aws-facts.md, 1 to 3."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.recorder import Recording
from tests.stacks.recorded import NAMES, accepts, config, of_type, recorded, resources


def test_a_cluster_leaves_its_zones_to_rds(recording: Recording) -> None:
    for cluster in of_type(recording, "aws:rds/cluster:Cluster"):
        assert "availabilityZones" not in cluster.inputs, cluster.name


def test_a_cluster_of_three_has_three_zones_and_no_members_of_ours(recording: Recording) -> None:
    # "CreateDBInstance can't be used to create a DB instance in a Multi-AZ DB cluster."
    groups = of_type(recording, "aws:rds/subnetGroup:SubnetGroup")
    zones = {(group.inputs["region"], group.name): group.inputs["subnetIds"] for group in groups}
    members = {
        m.inputs["clusterIdentifier"]
        for m in of_type(recording, "aws:rds/clusterInstance:ClusterInstance")
    }
    refused = {"engineMode", "backtrackWindow", "globalClusterIdentifier", "enableHttpEndpoint",
               "networkType", "replicationSourceIdentifier", "optionGroupName",
               "serverlessv2ScalingConfiguration"}  # fmt: skip
    for cluster in of_type(recording, "aws:rds/cluster:Cluster"):
        of_three = cluster.inputs["engine"] in ("mysql", "postgres")
        own = {"dbClusterInstanceClass", "allocatedStorage", "storageType"}
        assert own & cluster.inputs.keys() == (own if of_three else set()), cluster.name
        if of_three:
            assert not refused & cluster.inputs.keys(), cluster.name
            assert cluster.inputs["clusterIdentifier"] not in members
            name = cluster.name.removesuffix("-cluster") + "-subnets"
            assert len(zones[cluster.inputs["region"], name]) == 3


def test_only_the_cluster_says_a_version(recording: Recording) -> None:
    for member in of_type(recording, "aws:rds/clusterInstance:ClusterInstance"):
        assert "engineVersion" not in member.inputs, member.name


def test_a_secondary_has_nothing_that_is_its_primarys(recording: Recording) -> None:
    primaries = 0
    for cluster in of_type(recording, "aws:rds/cluster:Cluster"):
        if "globalClusterIdentifier" not in cluster.inputs:
            continue
        assert not cluster.inputs.keys() & {"backtrackWindow", "manageMasterUserPassword"}
        credentials = cluster.inputs.keys() & {"masterUsername", "masterPassword", "databaseName"}
        primaries += bool(credentials)
        if not credentials:
            # RDS wants the key of its own region said, and makes it after the primary's members.
            assert cluster.inputs["region"] in cluster.inputs["kmsKeyId"], cluster.name
            members = "aws:rds/clusterInstance:ClusterInstance"
            assert any(recording.named(n).type == members for n in _custom(cluster.depends_on))
    assert primaries == len(of_type(recording, "aws:rds/globalCluster:GlobalCluster"))


def test_a_global_database_has_memory_optimised_members(recording: Recording) -> None:
    clusters = of_type(recording, "aws:rds/cluster:Cluster")
    worldwide = {
        (c.inputs["region"], c.inputs["clusterIdentifier"])
        for c in clusters
        if "globalClusterIdentifier" in c.inputs
    }
    for member in of_type(recording, "aws:rds/clusterInstance:ClusterInstance"):
        if (member.inputs["region"], member.inputs["clusterIdentifier"]) in worldwide:
            assert re.match(r"db\.(r|x)", member.inputs["instanceClass"]), member.name


def _custom(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if "-member-" in name]


def test_multi_az_and_a_zone_are_not_said_together(recording: Recording) -> None:
    for instance in of_type(recording, "aws:rds/instance:Instance"):
        assert "availabilityZone" not in instance.inputs, instance.name


def test_a_password_is_rds_s_or_ours_and_a_replica_s_source_has_ours(recording: Recording) -> None:
    makers = ("aws:rds/instance:Instance", "aws:rds/cluster:Cluster")
    made = [each for kind in makers for each in of_type(recording, kind)]
    sources = {str(each.inputs.get("replicateSourceDb")) for each in made}
    for each in made:
        if each.inputs.get("manageMasterUserPassword"):
            assert not each.inputs.keys() & {"password", "masterPassword"}, each.name
            assert "masterUserSecretKmsKeyId" in each.inputs, each.name
            identifier = each.inputs.get("identifier", "no instance")
            assert not any(s == identifier or s.endswith(f":{identifier}") for s in sources)
        else:
            assert "masterUserSecretKmsKeyId" not in each.inputs, each.name


def test_a_replica_has_nothing_that_is_its_sources(recording: Recording) -> None:
    sources = {"engine", "engineVersion", "username", "password", "dbName", "allocatedStorage"}
    refused = sources | {"manageMasterUserPassword", "snapshotIdentifier", "databaseInsightsMode"}
    refused |= {"restoreToPointInTime"}
    for resource in of_type(recording, "aws:rds/instance:Instance"):
        source = resource.inputs.get("replicateSourceDb")
        if source is None:
            continue
        assert not resource.inputs.keys() & refused, resource.name
        elsewhere = {"dbSubnetGroupName", "parameterGroupName", "kmsKeyId"}
        found = resource.inputs.keys() & elsewhere
        assert found == (elsewhere if source.startswith("arn:") else set()), resource.name


def test_what_backups_bring_is_not_said_again(recording: Recording) -> None:
    brought = {"engine", "engineVersion", "username", "dbName", "allocatedStorage", "kmsKeyId"}
    # Left out by the AWS provider's restore to a moment, and so a promise that nobody keeps.
    refused = brought | {"password", "replicateSourceDb", "performanceInsightsEnabled"}
    for resource in of_type(recording, "aws:rds/instance:Instance"):
        made_of = resource.inputs.keys() & {"restoreToPointInTime", "snapshotIdentifier"}
        assert len(made_of) <= 1, resource.name
        if made_of:
            assert not resource.inputs.keys() & refused, resource.name


def test_a_changed_instance_is_changed_when_the_config_says(recording: Recording) -> None:
    for resource in resources(recording):
        if "apply_immediately" in accepts(resource.type):
            assert isinstance(resource.inputs.get("applyImmediately"), bool), resource.name


LEAVES_SNAPSHOTS = {
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
    "aws:elasticache/replicationGroup:ReplicationGroup",
}


def end_of(inputs: dict[str, Any]) -> dict[str, Any]:
    """What a resource says about its deletion, the snapshot's name apart."""
    found = {k: inputs[k] for k in ("deletionProtection", "skipFinalSnapshot") if k in inputs}
    name = inputs.get("finalSnapshotIdentifier")
    if name is not None:
        assert re.fullmatch(r"[a-z](-?[a-z0-9]){0,254}", name)
    return found | {"snapshot": name is not None}


RDS_ENDS = {
    "protected": {"deletionProtection": True, "skipFinalSnapshot": False, "snapshot": True},
    # Without skipFinalSnapshot the provider wants a name for a snapshot, and destroy fails.
    "disposable": {"deletionProtection": False, "skipFinalSnapshot": True, "snapshot": False},
}
REPLICAS_END = {
    # RDS refuses a final snapshot of a replica.
    "protected": {"deletionProtection": True, "skipFinalSnapshot": True, "snapshot": False},
    "disposable": RDS_ENDS["disposable"],
}
CACHES_END = {"protected": {"snapshot": True}, "disposable": {"snapshot": False}}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_protected_stays_and_leaves_a_snapshot(name: str) -> None:
    recording = recorded(name)
    judged = 0
    for topology, spec in config(name)["aws-databases:topologies"].items():
        lifetime = spec.get("lifetime", "protected")
        for below, type_ in recording.below(topology).items():
            if type_ not in LEAVES_SNAPSHOTS:
                continue
            inputs = recording.named(below).inputs
            ends = RDS_ENDS if type_.startswith("aws:rds/") else CACHES_END
            if "replicateSourceDb" in inputs:
                ends = REPLICAS_END
            assert end_of(inputs) == ends[lifetime], below
            judged += 1
    assert judged == sum(len(of_type(recording, type_)) for type_ in LEAVES_SNAPSHOTS)


def test_a_member_of_a_cluster_is_kept_by_its_cluster(recording: Recording) -> None:
    for member in of_type(recording, "aws:rds/clusterInstance:ClusterInstance"):
        assert not member.inputs.keys() & {"deletionProtection", "skipFinalSnapshot"}, member.name
