"""How long AWS takes to make each resource, in minutes.

From logs of real deployments that were collected in November 2026; where no log was found, an
assumption, which every print-out names as one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from stacks.dry_run import Registration


class Minutes(NamedTuple):
    """Least, typical, most."""

    least: float
    typical: float
    most: float
    assumed: bool = False


INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
COPY = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
_NOTHING = Minutes(0, 0, 0)
_AT_ONCE = Minutes(0.02, 0.02, 0.05)
ANYTHING_ELSE = Minutes(0.02, 0.05, 0.3, assumed=True)
"""A record of the control plane: a rule, a role, a log group, an alarm."""

_SINGLE_AZ = Minutes(3.3, 4.9, 11.8)
_MULTI_AZ = Minutes(11.8, 13.8, 17)
_REPLICA = Minutes(7.5, 10, 14.6)
_REPLICA_ELSEWHERE = Minutes(12, 18, 30, assumed=True)
_MULTI_AZ_CLUSTER = Minutes(12, 18, 35, assumed=True)
"""With the three instances that RDS makes of it."""
_STANDBY_OF_A_REPLICA = 6.0
_RESTORE = Minutes(11.8, 15, 30, assumed=True)

Registered = Mapping[str, Registration]
"""Registrations by URN."""


def minutes(each: Registration, registered: Registered) -> Minutes:
    """How long AWS takes to make ``each``. A component is there at once."""
    if not each.custom:
        return _NOTHING
    look = _SPECIAL.get(each.type)
    if look is not None:
        return look(each, registered)
    return _TYPES.get(each.type, ANYTHING_ELSE)


def _instance(each: Registration, registered: Registered) -> Minutes:
    two_zones = bool(each.inputs.get("multiAz"))
    source = _other(each, "replicateSourceDb", INSTANCE, registered)
    if source is None:
        if "restoreToPointInTime" in each.inputs or "snapshotIdentifier" in each.inputs:
            return _RESTORE
        return _MULTI_AZ if two_zones else _SINGLE_AZ
    away = source.inputs.get("region") != each.inputs.get("region")
    own = _REPLICA_ELSEWHERE if away else _REPLICA
    more = _STANDBY_OF_A_REPLICA if two_zones else 0.0
    return Minutes(own.least + more, own.typical + more, own.most + more, own.assumed or two_zones)


def _cluster(each: Registration, registered: Registered) -> Minutes:
    if "dbClusterInstanceClass" in each.inputs:
        return _MULTI_AZ_CLUSTER
    return Minutes(1, 2, 4, assumed=True) if _is_secondary(each) else Minutes(0.7, 0.85, 1.1)


def _member(each: Registration, registered: Registered) -> Minutes:
    cluster = _other(each, "clusterIdentifier", CLUSTER, registered)
    if cluster is not None and _is_secondary(cluster):
        return Minutes(6, 8, 15, assumed=True)
    return Minutes(5.6, 6.5, 10)


def _is_secondary(cluster: Registration) -> bool:
    given = ("masterUsername", "masterPassword", "manageMasterUserPassword")
    joins = "globalClusterIdentifier" in cluster.inputs
    return joins and not any(name in cluster.inputs for name in given)


def _other(
    each: Registration, prop: str, type_: str, registered: Registered
) -> Registration | None:
    """The resource of a type that a property names."""
    found = (registered.get(urn) for urn in each.needs_of.get(prop, ()))
    return next((other for other in found if other is not None and other.type == type_), None)


_SPECIAL: Mapping[str, Callable[[Registration, Registered], Minutes]] = {
    INSTANCE: _instance,
    CLUSTER: _cluster,
    MEMBER: _member,
}
_TYPES: Mapping[str, Minutes] = {
    "aws:kms/key:Key": Minutes(0.2, 0.37, 0.5),
    "aws:ec2/securityGroup:SecurityGroup": Minutes(0.1, 0.3, 0.6),
    "aws:ec2/instance:Instance": Minutes(0.2, 0.3, 1.8),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Minutes(1, 2, 4, assumed=True),
    "aws:rds/subnetGroup:SubnetGroup": Minutes(0.03, 0.03, 0.03),
    "aws:elasticache/subnetGroup:SubnetGroup": Minutes(0.03, 0.03, 0.03),
    "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup": Minutes(0.03, 0.03, 0.03),
    "aws:rds/parameterGroup:ParameterGroup": Minutes(0.17, 0.17, 0.17),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": Minutes(0.17, 0.17, 0.17),
    "aws:secretsmanager/secret:Secret": _AT_ONCE,
    "aws:secretsmanager/secretRotation:SecretRotation": _AT_ONCE,
    "aws:secretsmanager/secretVersion:SecretVersion": _AT_ONCE,
    "random:index/randomPassword:RandomPassword": _NOTHING,
    "aws:rds/globalCluster:GlobalCluster": Minutes(0.1, 0.3, 1, assumed=True),
    "aws:rds/clusterEndpoint:ClusterEndpoint": Minutes(0.3, 0.5, 2, assumed=True),
    # The provider waits until the first backup is on its way: up to 75 minutes, its own deadline.
    COPY: Minutes(5, 15, 75, assumed=True),
    "aws:rds/proxy:Proxy": Minutes(2.5, 4, 10, assumed=True),
    "aws:rds/proxyEndpoint:ProxyEndpoint": Minutes(2.5, 4, 10, assumed=True),
    "aws:rds/proxyTarget:ProxyTarget": Minutes(0.5, 2, 5, assumed=True),
    "aws:elasticache/replicationGroup:ReplicationGroup": Minutes(5.6, 7, 9.25),
    "aws:elasticache/cluster:Cluster": Minutes(3.7, 5, 6.1),
    "aws:elasticache/serverlessCache:ServerlessCache": Minutes(1.5, 3, 4, assumed=True),
    "aws:elasticache/user:User": Minutes(0.1, 0.5, 1, assumed=True),
    "aws:elasticache/userGroup:UserGroup": Minutes(0.1, 0.5, 1, assumed=True),
    "aws:dms/replicationInstance:ReplicationInstance": Minutes(4.3, 8, 30),
    "aws:dms/endpoint:Endpoint": Minutes(0.6, 1, 2),
    "aws:dms/replicationTask:ReplicationTask": Minutes(2.5, 4.3, 7.3),
    "aws:dms/replicationConfig:ReplicationConfig": Minutes(8, 12, 16, assumed=True),
}
