"""RDS: everything this service answers, wired together."""

from __future__ import annotations

from localcloud.api import ApiError, Call, Operations
from localcloud.services import engine_versions
from localcloud.services.alarms import Alarms
from localcloud.services.context import Cloud, Tags, describe_events
from localcloud.services.event_subscriptions import RDS as EVENTS
from localcloud.services.event_subscriptions import EventSubscriptions
from localcloud.services.master_passwords import MasterPasswords
from localcloud.services.rds_activity import ActivityStreams
from localcloud.services.rds_backup_copies import BackupCopies
from localcloud.services.rds_cluster_changes import ClusterChanges
from localcloud.services.rds_cluster_endpoints import ClusterEndpoints
from localcloud.services.rds_cluster_power import ClusterPower
from localcloud.services.rds_clusters import Clusters
from localcloud.services.rds_global_clusters import GlobalClusters
from localcloud.services.rds_global_members import GlobalMembers
from localcloud.services.rds_instances import Instances
from localcloud.services.rds_lifecycle import Lifecycle
from localcloud.services.rds_modify import Modify
from localcloud.services.rds_options import OptionGroups
from localcloud.services.rds_parameters import CLUSTER, INSTANCE, ParameterGroups
from localcloud.services.rds_proxies import Proxies
from localcloud.services.rds_proxy_targets import ProxyTargets
from localcloud.services.rds_replicas import Replicas
from localcloud.services.rds_restores import Restores
from localcloud.services.rds_snapshots import Snapshots
from localcloud.services.reservations import RDS as RESERVED
from localcloud.services.reservations import Reservations
from localcloud.services.secret_rotation import SecretRotation
from localcloud.services.secrets import Secrets
from localcloud.services.subnet_groups import RDS, SubnetGroups

_TAGGED = (
    "instance", "cluster", "cluster-endpoint", "parameter-group", "cluster-parameter-group",
    "subnet-group", "snapshot", "option-group", "proxy", "proxy-endpoint", "global-cluster",
    "reserved-instance",
    "event-subscription",
)  # fmt: skip


def register(operations: Operations, cloud: Cloud, alarms: Alarms, secrets: Secrets) -> None:
    """Add RDS to ``operations``."""
    operations.closed.add("rds")
    # No server stands behind it: moto may answer.
    operations.lent.add(("rds", "DescribeOptionGroupOptions"))
    groups = SubnetGroups(cloud, RDS)
    instances = Instances(cloud, groups)
    clusters = Clusters(cloud, instances, groups)
    snapshots = Snapshots(cloud, instances)
    worldwide = GlobalClusters(cloud, clusters)
    targets = ProxyTargets(cloud, instances, clusters)
    for part in (
        groups,
        ParameterGroups(cloud, INSTANCE),
        ParameterGroups(cloud, CLUSTER),
        OptionGroups(cloud),
        instances,
        Lifecycle(cloud, instances),
        Modify(cloud, instances),
        Replicas(cloud, instances, groups),
        snapshots,
        BackupCopies(cloud, instances),
        Restores(cloud, instances, snapshots, groups),
        clusters,
        clusters.multi_az,
        ClusterChanges(cloud, clusters),
        ClusterPower(cloud, clusters),
        ClusterEndpoints(cloud, clusters),
        ActivityStreams(cloud, clusters),
        worldwide,
        GlobalMembers(cloud, clusters, worldwide),
        targets,
        Proxies(cloud, targets),
        Reservations(cloud, RESERVED),
        EventSubscriptions(cloud, alarms, EVENTS),
    ):
        part.register(operations)
    # Last: it asks those above for what it does not answer itself.
    rotation = SecretRotation(cloud, secrets, targets)
    MasterPasswords(cloud, secrets, rotation).register(operations)
    rotation.register(operations)
    rotation.settle()
    engine_versions.register(operations)
    Tags(cloud, "rds", _TAGGED, "DBInstanceNotFound").register(
        operations, "AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"
    )

    def events(call: Call) -> dict[str, object]:
        # Looking at the clusters notices a failover that the servers did by themselves.
        for record in cloud.records.all("cluster", call.region):
            clusters.shown(record)
        return describe_events(cloud, call)

    operations.handle("rds", "DescribeEvents", events)
    operations.check_before("ec2", "DeleteSecurityGroup", lambda call: _not_in_use(cloud, call))


def _not_in_use(cloud: Cloud, call: Call) -> None:
    wanted = call.params.get("GroupId")
    for kind, member, key in (
        ("instance", "VpcSecurityGroups", "VpcSecurityGroupId"),
        ("cluster", "VpcSecurityGroups", "VpcSecurityGroupId"),
        ("replication-group", "_security_groups", "SecurityGroupId"),
        ("proxy", "VpcSecurityGroupIds", None),
        ("proxy-endpoint", "VpcSecurityGroupIds", None),
    ):
        for record in cloud.records.all(kind, call.region):
            if wanted in [group[key] if key else group for group in record[member]]:
                raise ApiError("DependencyViolation", f"resource {wanted} has a dependent object")
