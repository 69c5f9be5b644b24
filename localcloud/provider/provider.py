"""The provider object: the methods of Pulumi's protocol, on plain dicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    ParamValidationError,
)

from localcloud.errors import DeployFailed, LocalCloudError, Unfinished
from localcloud.provider import (
    alarms,
    backup,
    cache_clusters,
    cache_users,
    dms,
    dms_conversion,
    dms_events,
    dms_replication,
    elasticache,
    hosts,
    rds_activity,
    rds_cluster_instances,
    rds_clusters,
    rds_global_clusters,
    rds_groups,
    rds_instances,
    rds_options,
    rds_proxies,
    rds_snapshots,
    reservations,
    secrets,
    security_groups,
    serverless_caches,
    surroundings,
    trails,
    vpc_endpoints,
)
from localcloud.provider.clients import Clients
from localcloud.provider.invokes import INVOKES
from localcloud.provider.kind import Kind, Outputs, Resource
from localcloud.provider.mapping import Inputs
from localcloud.site import Site

KINDS: tuple[type[Kind], ...] = (
    alarms.Dashboard,
    alarms.EventSubscription,
    alarms.MetricAlarm,
    alarms.Topic,
    alarms.TopicPolicy,
    alarms.TopicSubscription,
    backup.InstanceAutomatedBackupsReplication,
    backup.Plan,
    backup.Selection,
    backup.Vault,
    cache_clusters.Cluster,
    cache_users.User,
    cache_users.UserGroup,
    dms.Certificate,
    dms.Endpoint,
    dms_events.EventSubscription,
    dms.ReplicationInstance,
    dms.ReplicationSubnetGroup,
    dms_conversion.DataProvider,
    dms_conversion.InstanceProfile,
    dms_conversion.MigrationProject,
    dms_replication.ReplicationConfig,
    dms_replication.ReplicationTask,
    elasticache.ParameterGroup,
    elasticache.ReplicationGroup,
    elasticache.SubnetGroup,
    hosts.Instance,
    hosts.InstanceProfile,
    rds_activity.ClusterActivityStream,
    rds_cluster_instances.ClusterInstance,
    rds_clusters.Cluster,
    rds_clusters.ClusterEndpoint,
    rds_global_clusters.GlobalCluster,
    rds_groups.ClusterParameterGroup,
    rds_options.OptionGroup,
    rds_groups.ParameterGroup,
    rds_groups.SubnetGroup,
    rds_instances.Instance,
    rds_proxies.Proxy,
    rds_proxies.ProxyDefaultTargetGroup,
    rds_proxies.ProxyEndpoint,
    rds_proxies.ProxyTarget,
    rds_snapshots.Snapshot,
    reservations.ReservedCacheNode,
    reservations.ReservedInstance,
    secrets.RandomPassword,
    secrets.Secret,
    secrets.SecretRotation,
    secrets.SecretVersion,
    serverless_caches.ServerlessCache,
    surroundings.Alias,
    surroundings.Key,
    surroundings.LogGroup,
    surroundings.Role,
    surroundings.RolePolicy,
    surroundings.RolePolicyAttachment,
    security_groups.SecurityGroup,
    security_groups.SecurityGroupEgressRule,
    security_groups.SecurityGroupIngressRule,
    trails.Bucket,
    trails.BucketLifecycleConfiguration,
    trails.BucketOwnershipControls,
    trails.BucketPolicy,
    trails.BucketPublicAccessBlock,
    trails.BucketServerSideEncryptionConfiguration,
    trails.BucketVersioning,
    trails.Trail,
    vpc_endpoints.VpcEndpoint,
)


@dataclass(frozen=True)
class Difference:
    """What a new set of inputs means: nothing, an update of ``changed``, or a replacement."""

    changed: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    delete_first: bool = False

    @property
    def none(self) -> bool:
        return not self.changed


class Provider:
    """Serves every type of the table. Safe to use from several threads.

    Each method raises `DeployFailed` with the API's own words.
    """

    def __init__(self, site: Site, region: str) -> None:
        self._clients = Clients(site, region)
        self._kinds = {kind.token: kind(self._clients) for kind in KINDS}

    def kind(self, token: str) -> Kind:
        """The table's row for a type."""
        if token not in self._kinds:
            raise DeployFailed(
                f"the local cloud has no resources of type {token}; it has "
                f"{', '.join(sorted(self._kinds))}"
            )
        return self._kinds[token]

    def check(self, token: str, name: str, seed: str, inputs: Inputs) -> dict[str, Any]:
        """``inputs`` with generated names; the same ``seed`` makes the same name."""
        return self.kind(token).check(inputs, name, seed)

    def diff(self, token: str, old: Inputs, new: Inputs) -> Difference:
        """How ``new`` differs from ``old``; `DeployFailed` for a change we cannot make."""
        kind = self.kind(token)
        changed = kind.changed(old, new)
        replaces = changed & (kind.replaced_by | kind.replaces(old, new))
        if "region" in changed:
            replaces |= {"region"}
        fixed = sorted(kind.fixed(changed - replaces)) if not replaces else []
        if fixed:
            raise DeployFailed(
                f"the local cloud cannot change {fixed[0]!r} of an existing {token}; add it to "
                "localcloud/provider, or leave it as it was"
            )
        same_identity = bool(kind.identified_by) and not changed & set(kind.identified_by)
        return Difference(changed, replaces, delete_first=bool(replaces) and same_identity)

    def renames(self, token: str, asked: Inputs) -> bool:
        """Whether a replacement gets another name, so that old and new can be at once.

        ``asked`` are the inputs as the program gave them, before `check`.
        """
        prop = self.kind(token).auto_named
        return prop is not None and asked.get(prop) is None

    def create(self, token: str, name: str, inputs: Inputs) -> tuple[str, Outputs]:
        """Id and outputs of a new resource.

        When it fails there is none, unless it raises `Unfinished`: `adopt` finds out then.
        """
        kind = self.kind(token)
        with _translated():
            id_, outputs = kind.create(Resource(name, inputs))
        made = Resource(name, inputs, id_, outputs)
        try:
            with _translated():
                return id_, kind.complete(made)
        except Unfinished:
            raise
        except DeployFailed as error:
            try:
                with _translated():
                    kind.remove(made)
            except DeployFailed as left:
                raise Unfinished(f"{error}; and it could not be deleted again: {left}") from error
            raise

    def complete(
        self, token: str, name: str, id_: str, inputs: Inputs, outputs: Mapping[str, Any]
    ) -> Outputs:
        """Do what an interrupted create has left to do; its outputs then."""
        kind = self.kind(token)
        with _translated():
            return kind.complete(Resource(name, inputs, id_, outputs))

    def adopt(self, token: str, name: str, inputs: Inputs) -> tuple[str, Outputs] | None:
        """Id and outputs of what an interrupted create has left, if it has."""
        kind = self.kind(token)
        with _translated():
            return kind.adopt(Resource(name, inputs))

    def read(
        self, token: str, name: str, id_: str, inputs: Inputs, outputs: Mapping[str, Any]
    ) -> Outputs | None:
        """Outputs as they are now; ``None`` when the resource has gone."""
        kind = self.kind(token)
        with _translated():
            return kind.read(Resource(name, inputs, id_, outputs))

    def update(
        self,
        token: str,
        name: str,
        id_: str,
        old: Inputs,
        new: Inputs,
        outputs: Mapping[str, Any],
        changed: frozenset[str],
    ) -> Outputs:
        """Change a resource in place; its outputs afterwards."""
        kind = self.kind(token)
        resource = Resource(name, new, id_, outputs)
        with _translated():
            kind.update(resource, old, changed)
            return kind.read(resource) or {}

    def delete(
        self, token: str, name: str, id_: str, inputs: Inputs, outputs: Mapping[str, Any]
    ) -> None:
        """Delete a resource; fine when it has gone."""
        kind = self.kind(token)
        with _translated():
            kind.remove(Resource(name, inputs, id_, outputs))

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a function."""
        if token not in INVOKES:
            raise DeployFailed(f"the local cloud has no function {token}")
        with _translated():
            return {**arguments, **INVOKES[token](self._clients, arguments)}


class _translated:  # noqa: N801
    """API errors as `DeployFailed`, in the API's own words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, LocalCloudError):
            return
        if isinstance(error, ClientError):
            facts = error.response["Error"]
            raise DeployFailed(
                f"{facts['Code']}: {facts['Message']} ({error.operation_name})"
            ) from error
        if isinstance(error, HTTPClientError):
            raise Unfinished(f"no answer from the local cloud: {error}") from error
        if isinstance(error, ParamValidationError | BotoCoreError):
            raise DeployFailed(str(error)) from error
