"""DMS Schema Conversion: what it needs to turn one engine's schema into another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.keys import RegionKey
from components.migration import Migration
from components.migration_endpoints import SSL_MODE, EndpointArgs, Role
from components.tags import tags

_SETTINGS = {
    "mysql": "mysql_settings",
    "aurora": "mysql_settings",
    "postgres": "postgresql_settings",
}


@dataclass(frozen=True)
class SchemaConversionArgs:
    """``reports_path`` is ``s3://bucket/folder``; DMS writes there by ``reports_role_arn``."""

    migration: Migration
    key: RegionKey
    reports_path: pulumi.Input[str]
    reports_role_arn: pulumi.Input[str]


class SchemaConversion(pulumi.ComponentResource):
    """The trio around a migration's two databases. A conversion itself is started by the console
    or the API, as are homogeneous data migrations, for which Pulumi has no resource.

    Creates: a data provider for each database, an instance profile in the migration's subnets
    and security group, the migration project. Costs nothing but the S3 objects it writes.
    """

    project_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: SchemaConversionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:SchemaConversion", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        migration = args.migration
        identifier = migration.spec.identifier
        providers = {
            role: self._data_provider(f"{name}-{role}", migration.region, end)
            for role, end in migration.ends.items()
        }
        profile = aws.dms.InstanceProfile(
            f"{name}-profile",
            region=migration.region,
            name=f"{identifier}-profile",
            description=f"Schema conversion of {identifier}",
            kms_key_arn=args.key.arn,
            # DMS's own default is a public address.
            publicly_accessible=False,
            subnet_group_identifier=migration.subnet_group_id,
            vpc_security_group_ids=[migration.security_group_id],
            tags=tags(f"{identifier}-profile"),
            opts=self._child,
        )
        project = aws.dms.MigrationProject(
            f"{name}-project",
            region=migration.region,
            name=f"{identifier}-project",
            description=f"Schema conversion of {identifier}",
            instance_profile_arn=profile.arn,
            source_data_provider_descriptors=[
                aws.dms.MigrationProjectSourceDataProviderDescriptorArgs(
                    **_login(migration, "source", providers)
                )
            ],
            target_data_provider_descriptors=[
                aws.dms.MigrationProjectTargetDataProviderDescriptorArgs(
                    **_login(migration, "target", providers)
                )
            ],
            schema_conversion_application_attributes=(
                aws.dms.MigrationProjectSchemaConversionApplicationAttributesArgs(
                    s3_bucket_path=args.reports_path, s3_bucket_role_arn=args.reports_role_arn
                )
            ),
            tags=tags(f"{identifier}-project"),
            opts=self._child,
        )
        self.project_arn = project.arn
        self.register_outputs({"projectArn": self.project_arn})

    def _data_provider(self, name: str, region: str, end: EndpointArgs) -> aws.dms.DataProvider:
        settings = {
            _SETTINGS[end.end.engine]: {
                "server_name": end.end.host,
                "port": end.end.port,
                "ssl_mode": SSL_MODE,
                "certificate_arn": end.certificate_arn,
                **({"database_name": end.end.database} if end.end.database else {}),
            }
        }
        return aws.dms.DataProvider(
            name,
            region=region,
            name=end.identifier,
            engine=end.end.engine,
            settings=settings,
            tags=tags(end.identifier),
            opts=self._child,
        )


def _login(
    migration: Migration, role: Role, providers: dict[Role, aws.dms.DataProvider]
) -> dict[str, Any]:
    end = migration.ends[role]
    return {
        "data_provider_arn": providers[role].arn,
        "secrets_manager_secret_id": end.secret_arn,
        "secrets_manager_access_role_arn": end.access_role_arn,
    }
