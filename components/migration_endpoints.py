"""The two ends of a migration: where DMS connects, by which secret, and whom it trusts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from components.aurora_mysql import AuroraMysql
from components.aurora_serverless import AuroraServerless
from components.credentials import Credentials
from components.keys import RegionKey
from components.rds_mysql import PORT as MYSQL_PORT
from components.rds_mysql import RdsMysql
from components.rds_postgres import RdsPostgres
from components.security_group import DatabaseSecurityGroup
from components.tags import tags

Role = Literal["source", "target"]
End = RdsMysql | RdsPostgres | AuroraMysql | AuroraServerless
"""What can be at an end of a migration."""
SSL_MODE = "verify-full"
_TARGET_ATTRIBUTES: Mapping[str, str] = {
    # Tables arrive in any order, children before their parents.
    "mysql": "initstmt=SET FOREIGN_KEY_CHECKS=0;parallelLoadThreads=2",
    "aurora": "initstmt=SET FOREIGN_KEY_CHECKS=0;parallelLoadThreads=2",
}


@dataclass(frozen=True)
class EndFacts:
    """A database as DMS sees it: ``engine`` is DMS's own name of its engine."""

    engine: str
    host: pulumi.Output[str]
    port: int
    user: str
    credentials: Credentials
    security_group: DatabaseSecurityGroup
    disposable: bool
    database: str | None = None


def end_facts(end: End) -> EndFacts:
    """What DMS needs to know of a topology. A MySQL target has no database name: mappings do."""
    disposable = end.spec.lifetime == "disposable"
    # A config in which RDS makes the password of an end is refused.
    assert isinstance(end.credentials, Credentials)
    common = (MYSQL_PORT, end.spec.username, end.credentials, end.security_group, disposable)
    match end:
        case RdsPostgres():
            port = end.spec.facts.port
            return EndFacts("postgres", end.address, port, *common[1:], end.spec.database_name)
        case RdsMysql():
            return EndFacts("mysql", end.address, *common)
        case AuroraMysql() | AuroraServerless():
            return EndFacts("aurora", end.endpoint, *common)


@dataclass(frozen=True)
class EndpointSecretArgs:
    """``identifier`` is the endpoint's."""

    identifier: str
    end: EndFacts
    key: RegionKey


class EndpointSecret(pulumi.ComponentResource):
    """What DMS reads to log in: address, user and password of one database.

    A secret of its own: DMS takes the address from it, which is not known yet when the
    database's own secret is written.

    Creates: a secret and its version. Costs 0.40 USD a month plus 0.05 USD for 10,000 calls.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: EndpointSecretArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:EndpointSecret", name, None, opts)
        end, child = args.end, pulumi.ResourceOptions(parent=self)
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            region=args.key.region,
            description=f"Endpoint {args.identifier} of DMS",
            kms_key_id=args.key.arn,
            recovery_window_in_days=0 if end.disposable else 30,
            tags=tags(name),
            opts=child,
        )
        login = {
            "host": end.host,
            "port": end.port,
            "username": end.user,
            "password": end.credentials.password,
        }
        version = aws.secretsmanager.SecretVersion(
            f"{name}-version",
            region=args.key.region,
            secret_id=secret.arn,
            secret_string=pulumi.Output.json_dumps(login),
            opts=child,
        )
        # Through the version: whoever has the ARN finds a login in the secret.
        self.arn = version.secret_arn
        self.register_outputs({"arn": self.arn})


@dataclass(frozen=True)
class EndpointArgs:
    """``certificate_arn`` is of the CA bundle that signed the database's certificate."""

    role: Role
    identifier: str
    end: EndFacts
    key: RegionKey
    secret_arn: pulumi.Output[str]
    access_role_arn: pulumi.Output[str]
    certificate_arn: pulumi.Output[str]


def endpoint(name: str, args: EndpointArgs, opts: pulumi.ResourceOptions) -> aws.dms.Endpoint:
    """An endpoint that logs in by its secret over verified TLS. Costs nothing."""
    more: dict[str, Any] = {}
    if args.end.database is not None:
        more["database_name"] = args.end.database
    if args.role == "target" and args.end.engine in _TARGET_ATTRIBUTES:
        more["extra_connection_attributes"] = _TARGET_ATTRIBUTES[args.end.engine]
    return aws.dms.Endpoint(
        name,
        region=args.key.region,
        endpoint_id=args.identifier,
        endpoint_type=args.role,
        engine_name=args.end.engine,
        # Either these two or server, port, user and password: DMS refuses both.
        secrets_manager_arn=args.secret_arn,
        secrets_manager_access_role_arn=args.access_role_arn,
        ssl_mode=SSL_MODE,
        certificate_arn=args.certificate_arn,
        kms_key_arn=args.key.arn,
        tags=tags(args.identifier),
        opts=opts,
        **more,
    )
