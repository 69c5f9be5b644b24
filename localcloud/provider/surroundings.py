"""What databases stand in: keys, security groups and their rules, roles, log groups."""

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


class SecurityGroup(Kind):
    """aws.ec2.SecurityGroup, without inline rules"""

    token, service = "aws:ec2/securityGroup:SecurityGroup", "ec2"
    names = {"name": "GroupName", "description": "Description"}
    ours = frozenset({"tags", "revokeRulesOnDelete"})
    replaced_by = frozenset({"name", "namePrefix", "description", "vpcId"})
    auto_named = "name"
    gone = frozenset({"InvalidGroup.NotFound"})
    taken = frozenset({"InvalidGroup.Duplicate"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        client = self.client(resource)
        made = client.create_security_group(**self.arguments(resource, "CreateSecurityGroup"))
        group = made["GroupId"]
        found = client.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        if found["IpPermissionsEgress"]:
            # The provider takes AWS's allow-all egress away; a program that wants it says so.
            client.revoke_security_group_egress(
                GroupId=group, IpPermissions=found["IpPermissionsEgress"]
            )
        self._tag(resource, group, {})
        return group, self._outputs(found)

    def describe(self, resource: Resource) -> Outputs | None:
        client = self.client(resource)
        if resource.id:
            found = client.describe_security_groups(GroupIds=[resource.id])["SecurityGroups"]
        else:
            filters = [
                {"Name": "group-name", "Values": [resource.inputs["name"]]},
                {"Name": "vpc-id", "Values": [resource.inputs["vpcId"]]},
            ]
            found = client.describe_security_groups(Filters=filters)["SecurityGroups"]
        return self._outputs(found[0]) if found else None

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return str(outputs["_id"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self._tag(resource, resource.id, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_security_group(GroupId=resource.id)

    def _tag(self, resource: Resource, group: str, old: Inputs) -> None:
        client = self.client(resource)
        retag(
            old,
            resource.inputs,
            lambda fresh: client.create_tags(Resources=[group], Tags=fresh),
            lambda stale: client.delete_tags(Resources=[group], Tags=[{"Key": k} for k in stale]),
        )

    @staticmethod
    def _outputs(found: Any) -> Outputs:
        arn = found.get("SecurityGroupArn", "")
        return {"_id": found["GroupId"], "ownerId": found.get("OwnerId"), "arn": arn}


class _SecurityGroupRule(Kind):
    service = "ec2"
    # Two equal rules cannot be, so that the old one goes first.
    replaced_by = frozenset(
        {
            "securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6",
            "referencedSecurityGroupId", "prefixListId", "description", "tags",
        }
    )  # fmt: skip
    identified_by = ("securityGroupId",)
    gone = frozenset({"InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound"})
    taken = frozenset({"InvalidPermission.Duplicate"})
    egress = False

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        p, client = resource.inputs, self.client(resource)
        authorize = (
            client.authorize_security_group_egress
            if self.egress
            else client.authorize_security_group_ingress
        )
        made = authorize(GroupId=p["securityGroupId"], IpPermissions=[_permission(p)])
        rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        tags = [{"Key": k, "Value": v} for k, v in (p.get("tags") or {}).items()]
        if tags:
            client.create_tags(Resources=[rule], Tags=tags)
        return rule, {"securityGroupRuleId": rule, "_id": rule}

    def describe(self, resource: Resource) -> Outputs | None:
        group = resource.inputs["securityGroupId"]
        for rule in self._rules(resource, group):
            found = rule["SecurityGroupRuleId"]
            if found == resource.id or (not resource.id and _same(rule, resource.inputs)):
                return {"securityGroupRuleId": found, "_id": found}
        return None

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return str(outputs["_id"])

    def delete(self, resource: Resource) -> None:
        client = self.client(resource)
        revoke = (
            client.revoke_security_group_egress
            if self.egress
            else client.revoke_security_group_ingress
        )
        group = resource.inputs["securityGroupId"]
        if self.describe(resource) is not None:
            revoke(GroupId=group, IpPermissions=[_permission(resource.inputs)])

    def _rules(self, resource: Resource, group: str) -> list[Any]:
        answer = self.client(resource).describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [group]}]
        )
        return [r for r in answer["SecurityGroupRules"] if bool(r["IsEgress"]) is self.egress]


class SecurityGroupIngressRule(_SecurityGroupRule):
    """aws.vpc.SecurityGroupIngressRule"""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


class SecurityGroupEgressRule(_SecurityGroupRule):
    """aws.vpc.SecurityGroupEgressRule"""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    egress = True


def _permission(p: Inputs) -> dict[str, Any]:
    described = {"Description": p["description"]} if p.get("description") else {}
    found: dict[str, Any] = {"IpProtocol": p["ipProtocol"]}
    for prop, member in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if p.get(prop) is not None:
            found[member] = int(p[prop])
    for prop, ranges, member in (
        ("cidrIpv4", "IpRanges", "CidrIp"),
        ("cidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        ("prefixListId", "PrefixListIds", "PrefixListId"),
        ("referencedSecurityGroupId", "UserIdGroupPairs", "GroupId"),
    ):
        if p.get(prop):
            found[ranges] = [{member: p[prop], **described}]
    return found


def _same(rule: Any, p: Inputs) -> bool:
    other = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    return (
        rule["IpProtocol"] == p["ipProtocol"]
        and rule.get("FromPort") == p.get("fromPort")
        and rule.get("ToPort") == p.get("toPort")
        and rule.get("CidrIpv4") == p.get("cidrIpv4")
        and rule.get("CidrIpv6") == p.get("cidrIpv6")
        and other == p.get("referencedSecurityGroupId")
    )


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
