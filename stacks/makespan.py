"""How long a deployment takes, by the program's own graph, against what AWS itself forces.

Every resource starts when all it waits for is there: its parent, what its inputs come from, what
it depends on. AWS forces only some of that order. An edge that it does not force and that makes
somebody wait is a delay, and a delay without a reason is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from stacks.dry_run import Registration
from stacks.durations import CLUSTER, COPY, INSTANCE, MEMBER, Minutes, minutes

WORTH_MENTIONING = 0.1
"""Minutes; a shorter wait is nobody's concern."""
PROXY_TARGET = "aws:rds/proxyTarget:ProxyTarget"
_GROUPS = frozenset({"securityGroupId", "referencedSecurityGroupId"})

ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)

FORCED: Mapping[str, frozenset[str]] = {
    INSTANCE: frozenset(
        {"replicateSourceDb", "dbSubnetGroupName", "parameterGroupName", "optionGroupName",
         "kmsKeyId", "performanceInsightsKmsKeyId", "monitoringRoleArn", "vpcSecurityGroupIds",
         "password", "masterUserSecretKmsKeyId"}
    ),
    CLUSTER: frozenset(
        {"globalClusterIdentifier", "dbSubnetGroupName", "dbClusterParameterGroupName",
         "kmsKeyId", "performanceInsightsKmsKeyId", "monitoringRoleArn", "vpcSecurityGroupIds",
         "masterPassword", "masterUserSecretKmsKeyId"}
    ),
    MEMBER: frozenset({"clusterIdentifier", "dbSubnetGroupName", "performanceInsightsKmsKeyId"}),
    "aws:rds/clusterEndpoint:ClusterEndpoint": frozenset({"clusterIdentifier", "staticMembers"}),
    "aws:rds/proxy:Proxy": frozenset({"auths", "roleArn", "vpcSecurityGroupIds"}),
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": frozenset({"dbProxyName"}),
    "aws:rds/proxyEndpoint:ProxyEndpoint": frozenset({"dbProxyName", "vpcSecurityGroupIds"}),
    PROXY_TARGET: frozenset({"dbProxyName", "dbInstanceIdentifier", "dbClusterIdentifier"}),
    "aws:elasticache/cluster:Cluster": frozenset({"subnetGroupName", "securityGroupIds"}),
    "aws:elasticache/replicationGroup:ReplicationGroup": frozenset(
        {"subnetGroupName", "securityGroupIds", "kmsKeyId", "userGroupIds", "authToken"}
    ),
    "aws:elasticache/serverlessCache:ServerlessCache": frozenset({"securityGroupIds", "kmsKeyId"}),
    "aws:elasticache/userGroup:UserGroup": frozenset({"userIds"}),
    "aws:dms/replicationInstance:ReplicationInstance": frozenset(
        {"replicationSubnetGroupId", "kmsKeyArn", "vpcSecurityGroupIds"}
    ),
    "aws:dms/endpoint:Endpoint": frozenset(
        {"secretsManagerArn", "secretsManagerAccessRoleArn", "certificateArn", "kmsKeyArn"}
    ),
    "aws:dms/replicationTask:ReplicationTask": frozenset(
        {"replicationInstanceArn", "sourceEndpointArn", "targetEndpointArn"}
    ),
    # The address of the database is in the secret that DMS logs in by.
    "aws:secretsmanager/secretVersion:SecretVersion": frozenset({"secretId", "secretString"}),
    "aws:secretsmanager/secret:Secret": frozenset({"kmsKeyId"}),
    ROTATION: frozenset({"secretId"}),
    "aws:iam/rolePolicy:RolePolicy": frozenset({"role"}),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": frozenset({"role"}),
    "aws:iam/instanceProfile:InstanceProfile": frozenset({"role"}),
    "aws:ec2/instance:Instance": frozenset(
        {"iamInstanceProfile", "vpcSecurityGroupIds", "rootBlockDevice"}
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": frozenset({"securityGroupIds"}),
    "aws:kms/alias:Alias": frozenset({"targetKeyId"}),
    COPY: frozenset({"sourceDbInstanceArn", "kmsKeyId"}),
    "aws:backup/vault:Vault": frozenset({"kmsKeyArn"}),
    "aws:backup/plan:Plan": frozenset({"rules"}),
    "aws:backup/selection:Selection": frozenset({"planId", "iamRoleArn", "resources"}),
    "aws:cloudtrail/trail:Trail": frozenset(
        {"s3BucketName", "kmsKeyId", "cloudWatchLogsGroupArn", "cloudWatchLogsRoleArn"}
    ),
    LOG_GROUP: frozenset({"kmsKeyId"}),
    _ENCRYPTION: frozenset({"bucket", "rules"}),
    "aws:sns/topic:Topic": frozenset({"kmsMasterKeyId"}),
    "aws:sns/topicPolicy:TopicPolicy": frozenset({"arn", "policy"}),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _GROUPS,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _GROUPS,
}  # fmt: skip
"""Inputs, by type, without which AWS makes no such resource: what they name must be there."""

FORCED_ORDER = frozenset({(PROXY_TARGET, MEMBER), (ROTATION, MEMBER)})
"""What AWS refuses although no input names it: a target whose instance is not yet available, a
rotation of a password at a cluster without a server."""

REASONS: Mapping[tuple[str, str], str] = {
    (MEMBER, MEMBER): "the first member of a cluster becomes its writer: the config says which",
    (CLUSTER, MEMBER): "a secondary joins a primary that is there, and is deleted before the "
    "primary's members, whose last one AWS keeps otherwise",
    ("aws:dms/replicationInstance:ReplicationInstance", "aws:ec2/vpcEndpoint:VpcEndpoint"): (
        "without its way to the secrets no connection of the instance can be tested"
    ),
    ("aws:rds/proxy:Proxy", "aws:ec2/vpcEndpoint:VpcEndpoint"): (
        "without its way to the secret a proxy's target never becomes healthy"
    ),
    ("aws:iam/rolePolicy:RolePolicy", "aws:secretsmanager/secretVersion:SecretVersion"): (
        "the policy names one secret, once it is filled; who uses both waits for that anyway"
    ),
    ("aws:iam/rolePolicy:RolePolicy", CLUSTER): (
        "the policy names one cluster, once it is there; who uses both waits for that anyway"
    ),
    ("aws:s3/bucketPolicy:BucketPolicy", _ENCRYPTION): (
        "S3 refuses two changes of one bucket at a time"
    ),
}
"""Delays that are meant, by the types of who waits and of whom it waits for."""

Through = Literal["parent", "depends_on"] | str


@dataclass(frozen=True)
class Edge:
    """``after`` waits for ``before``, both URNs. ``through``: an input, or what else it was."""

    before: str
    after: str
    through: Through
    forced: bool


@dataclass(frozen=True)
class Delay:
    """An edge that AWS does not force and that makes its resource start later."""

    edge: Edge
    minutes: float
    reason: str | None


class Deployment:
    """The graph of one stack, with the minutes each resource takes."""

    def __init__(self, registered: Sequence[Registration], which: Literal[0, 1, 2] = 1) -> None:
        """``which`` of the `Minutes` counts: least, typical or most."""
        self.by_urn = {each.urn: each for each in registered}
        self.took: Mapping[str, Minutes] = {
            each.urn: minutes(each, self.by_urn) for each in registered
        }
        self._which = which
        self.edges = [edge for each in registered for edge in _edges(each, self.by_urn)]

    def _minutes(self, urn: str) -> float:
        return float(self.took[urn][self._which])

    @cached_property
    def finish(self) -> Mapping[str, float]:
        """When each resource is there, in minutes from the start."""
        return self._finish(self.edges)

    @cached_property
    def forced_finish(self) -> Mapping[str, float]:
        """The same if resources waited for nothing but what AWS forces."""
        return self._finish([edge for edge in self.edges if edge.forced])

    @property
    def makespan(self) -> float:
        """Minutes until everything is there."""
        return max(self.finish.values(), default=0.0)

    @property
    def forced_makespan(self) -> float:
        """Minutes of the longest chain that AWS itself forces."""
        return max(self.forced_finish.values(), default=0.0)

    @property
    def ratio(self) -> float:
        """How many times longer the deployment takes than it must."""
        return self.makespan / self.forced_makespan if self.forced_makespan else 1.0

    @property
    def chain(self) -> list[Registration]:
        """Who waits for whom up to what is there last; only what takes time."""
        here = max(self.finish, key=lambda urn: self.finish[urn], default=None)
        found = []
        while here is not None:
            found.append(self.by_urn[here])
            before = [edge.before for edge in self.edges if edge.after == here]
            here = max(before, key=lambda urn: self.finish[urn], default=None)
        return [each for each in reversed(found) if self._minutes(each.urn) > 0]

    @property
    def delays(self) -> list[Delay]:
        """Every wait that AWS does not force, each with its reason if there is one.

        A record that is made at once and that nobody waits for, such as an alarm, delays nobody.
        """
        found = []
        waited_for = {edge.before for edge in self.edges}
        for urn in self.by_urn:
            if urn not in waited_for and self._minutes(urn) <= WORTH_MENTIONING:
                continue
            before = [edge for edge in self.edges if edge.after == urn]
            must = max((self.finish[e.before] for e in before if e.forced), default=0.0)
            last = max(before, key=lambda edge: self.finish[edge.before], default=None)
            if last is None or last.forced:
                continue
            waited = self.finish[last.before] - must
            if waited > WORTH_MENTIONING:
                pair = (self.by_urn[urn].type, self.by_urn[last.before].type)
                found.append(Delay(last, waited, REASONS.get(pair)))
        return found

    def _finish(self, edges: Iterable[Edge]) -> dict[str, float]:
        waits: dict[str, list[str]] = {urn: [] for urn in self.by_urn}
        for edge in edges:
            waits[edge.after].append(edge.before)
        done: dict[str, float] = {}

        def end(urn: str) -> float:
            if urn not in done:
                start = max(map(end, waits[urn]), default=0.0)
                done[urn] = start + self._minutes(urn)
            return done[urn]

        for urn in self.by_urn:
            end(urn)
        return done


def _edges(each: Registration, by_urn: Mapping[str, Registration]) -> list[Edge]:
    found: dict[tuple[str, str], Edge] = {}

    def add(before: str, through: Through, *, forced: bool) -> None:
        if before in by_urn:
            edge = Edge(before, each.urn, through, forced)
            known = found.get((before, each.urn))
            if known is None or (forced and not known.forced):
                found[before, each.urn] = edge

    for prop, needed in each.needs_of.items():
        for urn in needed:
            add(urn, prop, forced=prop in FORCED.get(each.type, frozenset()))
    for urn in each.needs:
        type_ = by_urn[urn].type if urn in by_urn else ""
        add(urn, "depends_on", forced=(each.type, type_) in FORCED_ORDER)
    add(each.parent, "parent", forced=False)
    return list(found.values())
