"""DMS: subnet groups, instances, certificates, endpoints."""

from __future__ import annotations

from typing import Any, ClassVar

from localcloud.provider.kind import Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs


class DmsKind(Kind):
    """A resource of DMS that one describe call finds by a filter, and that has an ARN."""

    service = "dms"
    gone = frozenset({"ResourceNotFoundFault"})
    taken = frozenset({"ResourceAlreadyExistsFault"})
    noun: ClassVar[str]
    """What the API calls it; it is the key of create calls' answers."""
    method: ClassVar[str]
    """Its name in boto3's methods."""
    identifier: ClassVar[str]
    """The property that names it; in lower case, as DMS keeps it."""
    filter: ClassVar[str]

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        create = getattr(self.client(resource), f"create_{self.method}")
        create(**self.arguments(resource, f"Create{self.noun}"))
        outputs = self.outputs(self.find(resource))
        return self.id_of(resource, outputs), outputs

    def describe(self, resource: Resource) -> Outputs | None:
        return self.outputs(self.find(resource))

    def find(self, resource: Resource) -> Any:
        """The resource as the API describes it."""
        describe = getattr(self.client(resource), f"describe_{self.method}s")
        wanted = [str(resource.inputs[self.identifier]).lower()]
        return describe(Filters=[{"Name": self.filter, "Values": wanted}])[f"{self.noun}s"][0]

    def outputs(self, found: Any) -> Outputs:
        raise NotImplementedError

    def arn(self, resource: Resource) -> str:
        """Its ARN, as the outputs have it."""
        raise NotImplementedError

    def modify(self, resource: Resource, changed: frozenset[str], **fixed: Any) -> None:
        """Change some properties in place; no call when none of them can be."""
        arguments = self.some(resource, f"Modify{self.noun}", changed - {"tags", "region"})
        if arguments:
            getattr(self.client(resource), f"modify_{self.method}")(**arguments, **fixed)

    def retag(self, resource: Resource, old: Inputs) -> None:
        client, arn = self.client(resource), self.arn(resource)
        retag(
            old,
            resource.inputs,
            lambda fresh: client.add_tags_to_resource(ResourceArn=arn, Tags=fresh),
            lambda stale: client.remove_tags_from_resource(ResourceArn=arn, TagKeys=stale),
        )


class ReplicationSubnetGroup(DmsKind):
    """aws.dms.ReplicationSubnetGroup"""

    token = "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup"
    names = {"replicationSubnetGroupId": "ReplicationSubnetGroupIdentifier"}
    replaced_by = frozenset({"replicationSubnetGroupId"})
    identified_by = ("replicationSubnetGroupId",)
    noun, method = "ReplicationSubnetGroup", "replication_subnet_group"
    identifier, filter = "replicationSubnetGroupId", "replication-subnet-group-id"

    def outputs(self, found: Any) -> Outputs:
        return {"vpcId": found["VpcId"]}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        chosen = frozenset({"replicationSubnetGroupId", "replicationSubnetGroupDescription",
                            "subnetIds"})  # fmt: skip
        if changed & chosen:
            self.modify(resource, chosen)
        # The API gives a subnet group no ARN, so that its tags are those of its creation.

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_replication_subnet_group(
            ReplicationSubnetGroupIdentifier=resource.inputs["replicationSubnetGroupId"].lower()
        )


class ReplicationInstance(DmsKind):
    """aws.dms.ReplicationInstance"""

    token = "aws:dms/replicationInstance:ReplicationInstance"
    names = {
        "kmsKeyArn": "KmsKeyId",
        "multiAz": "MultiAZ",
        "replicationInstanceId": "ReplicationInstanceIdentifier",
        "replicationSubnetGroupId": "ReplicationSubnetGroupIdentifier",
    }
    ours = frozenset({"allowMajorVersionUpgrade", "applyImmediately"})
    replaced_by = frozenset(
        {"availabilityZone", "kmsKeyArn", "publiclyAccessible", "replicationInstanceId",
         "replicationSubnetGroupId"}
    )  # fmt: skip
    identified_by = ("replicationInstanceId",)
    noun, method = "ReplicationInstance", "replication_instance"
    identifier, filter = "replicationInstanceId", "replication-instance-id"

    def outputs(self, found: Any) -> Outputs:
        return {
            "availabilityZone": found["AvailabilityZone"],
            "engineVersion": found["EngineVersion"],
            "replicationInstanceArn": found["ReplicationInstanceArn"],
            "replicationInstancePrivateIps": found["ReplicationInstancePrivateIpAddresses"],
        }

    def arn(self, resource: Resource) -> str:
        return str((resource.outputs or {})["replicationInstanceArn"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self.modify(
            resource,
            changed - self.ours,
            ReplicationInstanceArn=self.arn(resource),
            ApplyImmediately=bool(resource.inputs.get("applyImmediately")),
        )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_replication_instance(
            ReplicationInstanceArn=self.find(resource)["ReplicationInstanceArn"]
        )


class Certificate(DmsKind):
    """aws.dms.Certificate"""

    token = "aws:dms/certificate:Certificate"
    names = {"certificateId": "CertificateIdentifier"}
    replaced_by = frozenset({"certificateId", "certificatePem", "certificateWallet"})
    identified_by = ("certificateId",)
    noun, method = "Certificate", "certificate"
    identifier, filter = "certificateId", "certificate-id"

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).import_certificate(
            **self.arguments(resource, "ImportCertificate")
        )
        outputs = self.outputs(made["Certificate"])
        return self.id_of(resource, outputs), outputs

    def outputs(self, found: Any) -> Outputs:
        return {"certificateArn": found["CertificateArn"]}

    def arn(self, resource: Resource) -> str:
        return str((resource.outputs or {})["certificateArn"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_certificate(
            CertificateArn=self.find(resource)["CertificateArn"]
        )


class Endpoint(DmsKind):
    """aws.dms.Endpoint of MySQL or PostgreSQL"""

    token = "aws:dms/endpoint:Endpoint"
    names = {
        "endpointId": "EndpointIdentifier",
        "kmsKeyArn": "KmsKeyId",
        "mysqlSettings": "MySQLSettings",
        "postgresSettings": "PostgreSQLSettings",
    }
    ours = frozenset({"pauseReplicationTasks", "secretsManagerArn", "secretsManagerAccessRoleArn"})
    replaced_by = frozenset({"endpointId", "endpointType", "kmsKeyArn"})
    identified_by = ("endpointId",)
    noun, method = "Endpoint", "endpoint"
    identifier, filter = "endpointId", "endpoint-id"

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        arguments = self.arguments(resource, "CreateEndpoint") | self._login(resource)
        self.client(resource).create_endpoint(**arguments)
        outputs = self.outputs(self.find(resource))
        return self.id_of(resource, outputs), outputs

    def _login(self, resource: Resource) -> dict[str, Any]:
        p = resource.inputs
        if not p.get("secretsManagerArn"):
            return {}
        postgres = str(p["engineName"]) in ("postgres", "aurora-postgresql")
        settings = "PostgreSQLSettings" if postgres else "MySQLSettings"
        return {
            settings: {
                "SecretsManagerSecretId": p["secretsManagerArn"],
                "SecretsManagerAccessRoleArn": p["secretsManagerAccessRoleArn"],
            }
        }

    def outputs(self, found: Any) -> Outputs:
        return {"endpointArn": found["EndpointArn"]}

    def arn(self, resource: Resource) -> str:
        return str((resource.outputs or {})["endpointArn"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        plain = changed - self.ours - {"tags", "region"}
        login = self._login(resource) if changed & self.ours else {}
        arguments = self.some(resource, "ModifyEndpoint", plain) | login
        if arguments:
            self.client(resource).modify_endpoint(**arguments, EndpointArn=self.arn(resource))
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_endpoint(EndpointArn=self.find(resource)["EndpointArn"])
