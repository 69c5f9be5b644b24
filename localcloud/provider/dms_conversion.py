"""DMS: the trio of schema conversion."""

from __future__ import annotations

from typing import Any, ClassVar

from localcloud.errors import DeployFailed
from localcloud.provider.dms import DmsKind
from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs


class _Part(DmsKind):
    identifier = "name"
    auto_named = "name"
    identified_by = ("name",)

    def find(self, resource: Resource) -> Any:
        """By its name, for which DMS has no filter."""
        answer = getattr(self.client(resource), f"describe_{self.method}s")()
        for found in answer[f"{self.noun}s"]:
            if found[f"{self.noun}Name"] == str(resource.inputs["name"]).lower():
                return found
        return None

    def describe(self, resource: Resource) -> Outputs | None:
        found = self.find(resource)
        return None if found is None else self.outputs(found)

    def outputs(self, found: Any) -> Outputs:
        return {"arn": found[f"{self.noun}Arn"]}

    def arn(self, resource: Resource) -> str:
        return str((resource.outputs or {})["arn"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        fixed = {f"{self.noun}Identifier": self.arn(resource)}
        arguments = self.some(resource, f"Modify{self.noun}", changed - {"tags", "region"})
        if arguments:
            getattr(self.client(resource), f"modify_{self.method}")(**arguments, **fixed)
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        delete = getattr(self.client(resource), f"delete_{self.method}")
        delete(**{f"{self.noun}Identifier": self.arn(resource)})


class DataProvider(_Part):
    """aws.dms.DataProvider of MySQL or PostgreSQL"""

    token = "aws:dms/dataProvider:DataProvider"
    names = {"name": "DataProviderName"}
    ours = frozenset({"settings"})
    replaced_by = frozenset({"engine", "settings"})
    noun, method = "DataProvider", "data_provider"
    _settings: ClassVar = {
        "mysqlSettings": "MySqlSettings",
        "postgresqlSettings": "PostgreSqlSettings",
    }

    def arguments(self, resource: Resource, operation: str, **fixed: Any) -> dict[str, Any]:
        settings = {}
        for prop, value in resource.inputs["settings"].items():
            if prop not in self._settings:
                raise DeployFailed(f"the local cloud knows no data provider with {prop}")
            settings[self._settings[prop]] = {
                member[0].upper() + member[1:]: int(v) if member == "port" else v
                for member, v in value.items()
            }
        return super().arguments(resource, operation, Settings=settings, **fixed)


class InstanceProfile(_Part):
    """aws.dms.InstanceProfile"""

    token = "aws:dms/instanceProfile:InstanceProfile"
    names = {"name": "InstanceProfileName", "vpcSecurityGroupIds": "VpcSecurityGroups"}
    noun, method = "InstanceProfile", "instance_profile"


class MigrationProject(_Part):
    """aws.dms.MigrationProject"""

    token = "aws:dms/migrationProject:MigrationProject"
    names = {"name": "MigrationProjectName"}
    ours = frozenset(
        {"instanceProfileArn", "sourceDataProviderDescriptors", "targetDataProviderDescriptors",
         "schemaConversionApplicationAttributes"}
    )  # fmt: skip
    replaced_by = ours
    noun, method = "MigrationProject", "migration_project"

    def arguments(self, resource: Resource, operation: str, **fixed: Any) -> dict[str, Any]:
        p = resource.inputs
        attributes = p.get("schemaConversionApplicationAttributes") or {}
        return super().arguments(
            resource,
            operation,
            InstanceProfileIdentifier=p["instanceProfileArn"],
            SourceDataProviderDescriptors=_descriptors(p["sourceDataProviderDescriptors"]),
            TargetDataProviderDescriptors=_descriptors(p["targetDataProviderDescriptors"]),
            SchemaConversionApplicationAttributes={
                member: attributes[prop]
                for prop, member in (
                    ("s3BucketPath", "S3BucketPath"),
                    ("s3BucketRoleArn", "S3BucketRoleArn"),
                )
                if attributes.get(prop)
            },
            **fixed,
        )


def _descriptors(found: list[Any]) -> list[dict[str, str]]:
    names = {
        "dataProviderArn": "DataProviderIdentifier",
        "secretsManagerSecretId": "SecretsManagerSecretId",
        "secretsManagerAccessRoleArn": "SecretsManagerAccessRoleArn",
    }
    return [
        {member: each[prop] for prop, member in names.items() if each.get(prop)} for each in found
    ]
