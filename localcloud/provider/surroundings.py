"""What databases stand in: keys, roles, log groups."""

from __future__ import annotations

from typing import Any

from localcloud.provider.kind import Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs


class Key(Kind):
    """aws.kms.Key"""

    token, service = "aws:kms/key:Key", "kms"
    ours = frozenset({"enableKeyRotation", "deletionWindowInDays"})
    gone = frozenset({"NotFoundException", "KMSInvalidStateException"})
    replaced_by = frozenset({"keyUsage", "customerMasterKeySpec", "multiRegion"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        client = self.client(resource)
        made = client.create_key(**self.arguments(resource, "CreateKey"))["KeyMetadata"]
        self._rotate(resource, made["KeyId"])
        return made["KeyId"], {"keyId": made["KeyId"], "arn": made["Arn"]}

    def describe(self, resource: Resource) -> Outputs | None:
        if not resource.id:
            return None
        found = self.client(resource).describe_key(KeyId=resource.id)["KeyMetadata"]
        if found["KeyState"] == "PendingDeletion":
            return None
        return {"keyId": found["KeyId"], "arn": found["Arn"]}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        client = self.client(resource)
        if "description" in changed:
            client.update_key_description(
                KeyId=resource.id, Description=resource.inputs.get("description", "")
            )
        if "enableKeyRotation" in changed:
            self._rotate(resource, resource.id)
        retag(
            old,
            resource.inputs,
            lambda fresh: client.tag_resource(
                KeyId=resource.id,
                Tags=[{"TagKey": t["Key"], "TagValue": t["Value"]} for t in fresh],
            ),
            lambda stale: client.untag_resource(KeyId=resource.id, TagKeys=stale),
        )

    def delete(self, resource: Resource) -> None:
        days = int(resource.inputs.get("deletionWindowInDays") or 30)
        self.client(resource).schedule_key_deletion(KeyId=resource.id, PendingWindowInDays=days)

    def _rotate(self, resource: Resource, key: str) -> None:
        client = self.client(resource)
        if resource.inputs.get("enableKeyRotation"):
            client.enable_key_rotation(KeyId=key)
        else:
            client.disable_key_rotation(KeyId=key)


class Alias(Kind):
    """aws.kms.Alias"""

    token, service = "aws:kms/alias:Alias", "kms"
    names = {"name": "AliasName"}
    replaced_by = frozenset({"name", "namePrefix"})
    identified_by = ("name",)
    gone = frozenset({"NotFoundException"})
    taken = frozenset({"AlreadyExistsException"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self.client(resource).create_alias(**self.arguments(resource, "CreateAlias"))
        return resource.inputs["name"], {}

    def describe(self, resource: Resource) -> Outputs | None:
        pages = self.client(resource).get_paginator("list_aliases").paginate()
        known = {alias["AliasName"] for page in pages for alias in page["Aliases"]}
        return {} if resource.inputs["name"] in known else None

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self.client(resource).update_alias(**self.arguments(resource, "UpdateAlias"))

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_alias(AliasName=resource.inputs["name"])


class Role(Kind):
    """aws.iam.Role"""

    token, service = "aws:iam/role:Role", "iam"
    names = {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}
    replaced_by = frozenset({"name", "namePrefix", "path"})
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"NoSuchEntity"})
    taken = frozenset({"EntityAlreadyExists"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_role(**self.arguments(resource, "CreateRole"))["Role"]
        return made["RoleName"], {"arn": made["Arn"], "uniqueId": made["RoleId"]}

    def describe(self, resource: Resource) -> Outputs | None:
        found = self.client(resource).get_role(RoleName=resource.inputs["name"])["Role"]
        return {"arn": found["Arn"], "uniqueId": found["RoleId"]}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        client, name = self.client(resource), resource.inputs["name"]
        if "assumeRolePolicy" in changed:
            client.update_assume_role_policy(
                RoleName=name, PolicyDocument=resource.inputs["assumeRolePolicy"]
            )
        if changed & {"description", "maxSessionDuration"}:
            chosen = frozenset({"name", "description", "maxSessionDuration"})
            client.update_role(**self.some(resource, "UpdateRole", chosen))
        retag(
            old,
            resource.inputs,
            lambda fresh: client.tag_role(RoleName=name, Tags=fresh),
            lambda stale: client.untag_role(RoleName=name, TagKeys=stale),
        )

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_role(RoleName=resource.inputs["name"])


class RolePolicyAttachment(Kind):
    """aws.iam.RolePolicyAttachment"""

    token, service = "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "iam"
    names = {"role": "RoleName"}
    replaced_by = frozenset({"role", "policyArn"})
    gone = frozenset({"NoSuchEntity"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self.client(resource).attach_role_policy(**self.arguments(resource, "AttachRolePolicy"))
        return self.id_of(resource, {}), {}

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return f"{resource.inputs['role']}/{resource.inputs['policyArn']}"

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).list_attached_role_policies(RoleName=resource.inputs["role"])
        attached = {policy["PolicyArn"] for policy in answer["AttachedPolicies"]}
        return {} if resource.inputs["policyArn"] in attached else None

    def delete(self, resource: Resource) -> None:
        self.client(resource).detach_role_policy(**self.arguments(resource, "DetachRolePolicy"))


class RolePolicy(Kind):
    """aws.iam.RolePolicy: a policy inside a role"""

    token, service = "aws:iam/rolePolicy:RolePolicy", "iam"
    names = {"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"}
    replaced_by = frozenset({"name", "namePrefix", "role"})
    auto_named = "name"
    identified_by = ("name", "role")
    gone = frozenset({"NoSuchEntity"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self._put(resource)
        return self.id_of(resource, {}), {}

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return f"{resource.inputs['role']}:{resource.inputs['name']}"

    def describe(self, resource: Resource) -> Outputs | None:
        self.client(resource).get_role_policy(**self._names(resource))
        return {}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self._put(resource)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_role_policy(**self._names(resource))

    def _put(self, resource: Resource) -> None:
        self.client(resource).put_role_policy(**self.arguments(resource, "PutRolePolicy"))

    def _names(self, resource: Resource) -> dict[str, str]:
        return {"RoleName": resource.inputs["role"], "PolicyName": resource.inputs["name"]}


class LogGroup(Kind):
    """aws.cloudwatch.LogGroup"""

    token, service = "aws:cloudwatch/logGroup:LogGroup", "logs"
    names = {"name": "logGroupName"}
    ours = frozenset({"retentionInDays", "skipDestroy"})
    replaced_by = frozenset({"name", "namePrefix", "logGroupClass"})
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"ResourceNotFoundException"})
    taken = frozenset({"ResourceAlreadyExistsException"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self.client(resource).create_log_group(**self.arguments(resource, "CreateLogGroup"))
        self._retain(resource)
        return resource.inputs["name"], self.describe(resource) or {}

    def describe(self, resource: Resource) -> Outputs | None:
        name = resource.inputs["name"]
        answer = self.client(resource).describe_log_groups(logGroupNamePrefix=name)
        found = [g for g in answer["logGroups"] if g["logGroupName"] == name]
        return {"arn": found[0]["arn"].removesuffix(":*")} if found else None

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        if "retentionInDays" in changed:
            self._retain(resource)
        client, arn = self.client(resource), (self.describe(resource) or {}).get("arn")
        retag(
            old,
            resource.inputs,
            lambda fresh: client.tag_resource(
                resourceArn=arn, tags={t["Key"]: t["Value"] for t in fresh}
            ),
            lambda stale: client.untag_resource(resourceArn=arn, tagKeys=stale),
        )

    def delete(self, resource: Resource) -> None:
        if not resource.inputs.get("skipDestroy"):
            self.client(resource).delete_log_group(logGroupName=resource.inputs["name"])

    def _retain(self, resource: Resource) -> None:
        days = int(resource.inputs.get("retentionInDays") or 0)
        name = resource.inputs["name"]
        if days:
            self.client(resource).put_retention_policy(logGroupName=name, retentionInDays=days)
        else:
            self.client(resource).delete_retention_policy(logGroupName=name)
