"""What every Aurora cluster with a writer consists of, whatever it speaks and runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pulumi
import pulumi_aws as aws

from components.aurora_parts import (
    Place,
    cluster,
    instance_endpoints,
    members,
    surroundings,
)
from components.credentials import Credentials, CredentialsArgs
from components.facts import Facts, facts
from components.keys import RegionKey
from components.managed_credentials import ManagedCredentials, ManagedCredentialsArgs, managed
from components.monitoring_role import MonitoringRole
from components.network import Network
from components.security_group import DatabaseSecurityGroup
from components.token_logins import Server, TokenLogins
from specs.aurora import AuroraCluster as Spec
from specs.passwords import ByRds

S = TypeVar("S", bound=Spec)


@dataclass(frozen=True)
class AuroraArgs(Generic[S]):
    """``at`` is the topology's path in the config, for errors that only the account can tell.

    ``monitoring_role`` is needed when the spec asks for Enhanced Monitoring.
    """

    spec: S
    network: Network
    key: RegionKey
    at: str
    monitoring_role: MonitoringRole | None = field(default=None, kw_only=True)


class AuroraCluster(TokenLogins, Generic[S]):
    """A writer and readers on one volume, each in the zone the config says.

    Base of the components; each says what it creates, what it costs and how it fails.
    """

    spec: S
    region: str
    security_group: DatabaseSecurityGroup
    credentials: Credentials | ManagedCredentials
    cluster_identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
    version: pulumi.Output[str]
    members: Mapping[str, aws.rds.ClusterInstance]
    """By identifier, the writer first."""

    def __init__(
        self, token: str, name: str, args: AuroraArgs[S], opts: pulumi.ResourceOptions | None
    ) -> None:
        super().__init__(token, name, None, opts)
        spec = args.spec
        self._name, self.spec, self.region = name, spec, args.network.region
        self._child = pulumi.ResourceOptions(parent=self)
        place = Place(
            spec.cluster_identifier,
            spec.seats,
            spec.member_class,
            args.network,
            args.key,
            args.at,
            args.monitoring_role,
        )
        around = surroundings(name, place, spec, self._child)
        self.security_group = around.security_group
        self._audit_log = around.logs.audit
        login = self._login(name, args.key)
        made = cluster(
            name,
            place,
            spec,
            around,
            self._cluster_options(),
            database_name=spec.database,
            master_username=spec.username,
            **login,
            **self._of_the_cluster(name),
        )
        self.cluster_identifier = made.cluster_identifier
        self.arn = made.arn
        self.resource_id = made.cluster_resource_id
        self.endpoint = made.endpoint
        self.reader_endpoint = made.reader_endpoint
        self.version = made.engine_version_actual
        self.members = members(name, place, spec, around, made, self._child)
        if isinstance(spec.password, ByRds):
            after = list(self.members.values())
            managed_args = ManagedCredentialsArgs(
                self.region, made.master_user_secrets, spec.password.rotation, after
            )
            self.credentials = ManagedCredentials(f"{name}-credentials", managed_args, self._child)

    def _login(self, name: str, key: RegionKey) -> dict[str, Any]:
        spec = self.spec
        if isinstance(spec.password, ByRds):
            return managed(key)
        made = Credentials(
            f"{name}-credentials",
            CredentialsArgs(
                key=key,
                description=f"Master user of {spec.cluster_identifier}",
                facts={"username": spec.username},
                disposable=spec.lifetime == "disposable",
                rotated=spec.password.rotated if spec.password else None,
            ),
            self._child,
        )
        self.credentials = made
        return {"master_password": made.password}

    def _of_the_cluster(self, name: str) -> dict[str, Any]:
        """Arguments that only this kind of cluster has; resources they need are made here."""
        return {}

    def _cluster_options(self) -> pulumi.ResourceOptions:
        return self._child

    def _let_in(self, *others: Server) -> None:
        """Grant what the config says, for clusters elsewhere that have the same users, too."""
        if self.spec.iam_auth:
            self._take_tokens([Server(self.arn, self.resource_id), *others], self.spec.connect)

    @property
    def _outputs(self) -> dict[str, Any]:
        return {
            "region": self.region,
            "clusterIdentifier": self.cluster_identifier,
            "arn": self.arn,
            "resourceId": self.resource_id,
            "endpoint": self.endpoint,
            "readerEndpoint": self.reader_endpoint,
            "version": self.version,
            "members": {name: each.endpoint for name, each in self.members.items()},
            "secretArn": self.credentials.secret_arn,
            "securityGroup": self.security_group.id,
        }

    @property
    def _endpoints(self) -> list[dict[str, Any]]:
        names, port = list(self.members), self.spec.port
        return [
            {"role": "writer", "host": self.endpoint, "port": port, "members": names},
            {"role": "reader", "host": self.reader_endpoint, "port": port, "members": names},
            *instance_endpoints(list(self.members.values()), port),
        ]

    @property
    def _facts(self) -> dict[str, Any]:
        return {
            "kind": self.spec.kind,
            "engine": self.spec.engine,
            "version": self.version,
            "region": self.region,
            "endpoints": self._endpoints,
            "database": self.spec.database,
            "user": self.spec.username,
            "secret_arn": self.credentials.secret_arn,
            "instances": [member.identifier for member in self.members.values()],
            "cluster": self.cluster_identifier,
            "security_group": self.security_group.id,
            "iam_auth": self.spec.iam_auth,
            "audit_log": self._audit_log,
        }

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract."""
        return facts(self._facts)
