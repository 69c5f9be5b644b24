"""An RDS Proxy in front of a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aurora_cluster import AuroraCluster
from components.facts import Facts, facts
from components.keys import RegionKey
from components.migration_network import SecretsEndpoint
from components.multi_az_cluster import MultiAzCluster
from components.network import Network
from components.proxy_role import ProxyRole, ProxyRoleArgs
from components.rds_instance import RdsInstance
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from specs.aurora import AuroraCluster as AuroraSpec
from specs.rds_proxy import RdsProxy as Spec

_HTTPS = 443
_TARGET_GROUP = "default"
"""A proxy has this one and no other."""

Target = RdsInstance | AuroraCluster[Any] | MultiAzCluster[Any]


@dataclass(frozen=True)
class RdsProxyArgs:
    """``target`` is the database behind the proxy; network and key are those of its region."""

    spec: Spec
    target: Target
    target_name: str
    """The target's name in the stack."""
    network: Network
    key: RegionKey
    secrets_endpoint: SecretsEndpoint | None = None
    """Secrets Manager inside the VPC, if the stack has it there."""


class RdsProxy(pulumi.ComponentResource):
    """Shares a database's connections among many clients, and keeps theirs over a failover.

    Creates: a role that reads the target's secret and nothing else, a security group with its
    rules and a rule in the target's group, the proxy, its target group's settings, its target,
    and a reader endpoint if the config says so.
    Costs: 0.015 USD an hour and vCPU of the target, at least two; a reader endpoint costs
    nothing more than its network interfaces.
    Fails: the deployment succeeds although the secret's user cannot log in to the database; the
    target's health says so then (AUTH_FAILURE). A client that sets session state keeps a
    connection for itself (pinning). It keeps a serverless target from pausing.
    """

    spec: Spec
    region: str
    security_group: DatabaseSecurityGroup
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str] | None = None

    def __init__(
        self, name: str, args: RdsProxyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:RdsProxy", name, None, opts)
        spec, target, network = args.spec, args.target, args.network
        self.spec, self.region = spec, network.region
        self._target, self._target_name = target, args.target_name
        self._port = _port(target)
        child = pulumi.ResourceOptions(parent=self)
        self._role = ProxyRole(
            f"{name}-access-role",
            ProxyRoleArgs(self.region, target.credentials.secret_arn, args.key.arn),
            child,
        )
        endpoint = args.secrets_endpoint
        rules = self._doors(name, network, endpoint, child)
        rules += endpoint.parts if endpoint else ()
        subnets = list(network.subnets.values())
        proxy = self._proxy(name, subnets, rules)
        group = self._pool(name, proxy, child)
        self.name, self.arn, self.endpoint = proxy.name, proxy.arn, proxy.endpoint
        self._attach(name, group)
        if spec.reader_endpoint:
            self.reader_endpoint = self._readers(name, proxy, subnets, child).endpoint
        self.register_outputs(
            {
                "region": self.region,
                "name": self.name,
                "arn": self.arn,
                "endpoint": self.endpoint,
                "readerEndpoint": self.reader_endpoint,
                "securityGroup": self.security_group.id,
            }
        )

    def _doors(
        self,
        name: str,
        network: Network,
        endpoint: SecretsEndpoint | None,
        child: pulumi.ResourceOptions,
    ) -> list[pulumi.Resource]:
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(network, self._port), child
        )
        behind = self._target.security_group.id
        tcp = {"ip_protocol": "tcp", "region": self.region}
        # Elsewhere than in the VPC Secrets Manager has public addresses and no prefix list.
        secrets = endpoint.security_group if endpoint else None
        there: dict[str, Any] = (
            {"cidr_ipv4": "0.0.0.0/0"}
            if secrets is None
            else {"referenced_security_group_id": secrets}
        )
        return [
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-into-target",
                security_group_id=behind,
                referenced_security_group_id=self.security_group.id,
                from_port=self._port,
                to_port=self._port,
                description=f"The proxy {self.spec.identifier}",
                tags=tags(f"{name}-into-target"),
                opts=child,
                **tcp,
            ),
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-target",
                security_group_id=self.security_group.id,
                referenced_security_group_id=behind,
                from_port=self._port,
                to_port=self._port,
                description="The database behind the proxy",
                tags=tags(f"{name}-to-target"),
                opts=child,
                **tcp,
            ),
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-secrets",
                security_group_id=self.security_group.id,
                from_port=_HTTPS,
                to_port=_HTTPS,
                description="Secrets Manager",
                tags=tags(f"{name}-to-secrets"),
                opts=child,
                **tcp,
                **there,
            ),
        ]

    def _proxy(
        self, name: str, subnets: Sequence[str], rules: Sequence[pulumi.Resource]
    ) -> aws.rds.Proxy:
        spec = self.spec
        return aws.rds.Proxy(
            f"{name}-proxy",
            region=self.region,
            name=spec.identifier,
            engine_family=_family(self._target),
            auths=[
                aws.rds.ProxyAuthArgs(
                    auth_scheme="SECRETS",
                    secret_arn=self._target.credentials.secret_arn,
                    iam_auth="REQUIRED" if spec.authentication == "iam" else "DISABLED",
                    client_password_auth_type=_password_plugin(self._target),
                )
            ],
            role_arn=self._role.arn,
            require_tls=True,
            idle_client_timeout=spec.idle_client_timeout_seconds,
            debug_logging=False,
            vpc_subnet_ids=list(subnets),
            vpc_security_group_ids=[self.security_group.id],
            tags=tags(spec.identifier),
            # Without its way to the database and the secret the target never becomes healthy.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(rules)),
        )

    def _pool(
        self, name: str, proxy: aws.rds.Proxy, child: pulumi.ResourceOptions
    ) -> aws.rds.ProxyDefaultTargetGroup:
        pool = self.spec.pool
        filters = [] if pool.pinned_by_variables else ["EXCLUDE_VARIABLE_SETS"]
        return aws.rds.ProxyDefaultTargetGroup(
            f"{name}-pool",
            region=self.region,
            db_proxy_name=proxy.name,
            connection_pool_config=aws.rds.ProxyDefaultTargetGroupConnectionPoolConfigArgs(
                max_connections_percent=pool.most_percent,
                max_idle_connections_percent=pool.idle_percent,
                connection_borrow_timeout=pool.borrow_timeout_seconds,
                session_pinning_filters=filters,
            ),
            opts=child,
        )

    def _attach(self, name: str, group: aws.rds.ProxyDefaultTargetGroup) -> None:
        target = self._target
        if isinstance(target, RdsInstance):
            behind = {"db_instance_identifier": target.identifier}
            ready: list[pulumi.Resource] = []
        else:
            # A cluster without an available member is an InvalidDBInstanceState.
            behind = {"db_cluster_identifier": target.cluster_identifier}
            ready = list(target.members.values()) if isinstance(target, AuroraCluster) else []
        aws.rds.ProxyTarget(
            f"{name}-target",
            region=self.region,
            db_proxy_name=group.db_proxy_name,
            target_group_name=_TARGET_GROUP,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group, *ready]),
            **behind,
        )

    def _readers(
        self,
        name: str,
        proxy: aws.rds.Proxy,
        subnets: Sequence[str],
        child: pulumi.ResourceOptions,
    ) -> aws.rds.ProxyEndpoint:
        return aws.rds.ProxyEndpoint(
            f"{name}-reader",
            region=self.region,
            db_proxy_name=proxy.name,
            db_proxy_endpoint_name=self.spec.reader_name,
            target_role="READ_ONLY",
            vpc_subnet_ids=list(subnets),
            vpc_security_group_ids=[self.security_group.id],
            tags=tags(self.spec.reader_name),
            opts=child,
        )

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract. User and secret are its target's."""
        endpoints: list[dict[str, object]] = [
            {"role": "writer", "host": self.endpoint, "port": self._port}
        ]
        if self.reader_endpoint is not None:
            endpoints.append({"role": "reader", "host": self.reader_endpoint, "port": self._port})
        return facts(
            {
                "kind": self.spec.kind,
                "engine": _engine(self._target),
                "version": self._target.version,
                "region": self.region,
                "endpoints": endpoints,
                "database": _database(self._target),
                "user": self._target.spec.username,
                "secret_arn": self._target.credentials.secret_arn,
                "source": self._target_name,
                "proxy": self.name,
                "security_group": self.security_group.id,
            }
        )


def _database(target: Target) -> str | None:
    return target.spec.database_name if isinstance(target, RdsInstance) else target.spec.database


def _port(target: Target) -> int:
    spec = target.spec
    return int(spec.port if isinstance(spec, AuroraSpec) else spec.facts.port)


def _engine(target: Target) -> str:
    engine = str(target.spec.engine)
    # A proxy speaks for Aurora in the words of the engine that Aurora is compatible with.
    return {"aurora-mysql": "mysql", "aurora-postgresql": "postgres"}.get(engine, engine)


def _family(target: Target) -> str:
    return "POSTGRESQL" if _engine(target) == "postgres" else "MYSQL"


def _password_plugin(target: Target) -> str:
    # What the database gives to its master user: MySQL 8.4 has caching_sha2_password, Aurora
    # MySQL 3 and MariaDB still mysql_native_password.
    match target.spec.engine:
        case "postgres" | "aurora-postgresql":
            return "POSTGRES_SCRAM_SHA_256"
        case "mysql":
            return "MYSQL_CACHING_SHA2_PASSWORD"
    return "MYSQL_NATIVE_PASSWORD"
