"""A migration from an instance to a cluster, for tests of its parts."""

from __future__ import annotations

from typing import Any

import pulumi

from components.aurora_mysql import AuroraMysql, AuroraMysqlArgs
from components.migration import Migration, MigrationArgs
from components.migration_network import SecretsEndpoint
from components.migration_roles import DmsAccountRoles
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.rds_postgres import RdsPostgres, RdsPostgresArgs
from components.schema_conversion import SchemaConversion, SchemaConversionArgs
from specs.aurora_mysql import AuroraMysql as AuroraSpec
from specs.migration import Migration as Spec
from specs.rds_mysql import RdsMysql as MysqlSpec
from specs.rds_postgres import RdsPostgres as PostgresSpec
from tests.components.ground import ground
from tests.recorder import Recording, record
from tests.specs.test_migration import MIGRATION, POSTGRES, topologies

PEM = "-----BEGIN CERTIFICATE-----\n..."
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:move-{}-login-secret-AbCdEf"


def made(*, convert: bool = False, postgres: bool = False, **changes: Any) -> Recording:
    tables = [
        {"schema": "myappdb", "table": "%"},
        {"schema": "myappdb", "table": "tmp%", "action": "exclude"},
    ]
    spec = Spec.model_validate(MIGRATION | {"tables": tables} | changes)
    found = topologies()
    mysql = MysqlSpec.model_validate(found["mysql"] | {"enhanced_monitoring": None})
    aurora = AuroraSpec.model_validate(found["aurora"])

    archive = PostgresSpec.model_validate(POSTGRES)

    def program() -> None:
        here = ground()
        migration = Migration(
            "move",
            MigrationArgs(
                spec=spec,
                source=RdsMysql("mysql", RdsMysqlArgs(mysql, here.network, here.key)),
                target=RdsPostgres("archive", RdsPostgresArgs(archive, here.network, here.key))
                if postgres
                else AuroraMysql(
                    "aurora", AuroraMysqlArgs(aurora, here.network, here.key, "aurora")
                ),
                network=here.network,
                key=here.key,
                account_roles=DmsAccountRoles("dms", spec.account_roles),
                secrets_endpoint=SecretsEndpoint("secrets", here.network, spec.secrets_endpoint),
                ca_pem=PEM,
            ),
        )
        if convert:
            SchemaConversion(
                "convert",
                SchemaConversionArgs(migration, here.key, "s3://reports/move", "arn:role"),
            )
        pulumi.export("facts", migration.facts)

    return record(program)
