"""EC2 security groups and their rules, one resource a rule."""

from __future__ import annotations

from typing import Any

from localcloud.provider.kind import DESCRIBED, Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs


class _Ec2Kind(Kind):
    service = "ec2"

    def _tag(self, resource: Resource, old: Inputs) -> None:
        client, ids = self.client(resource), [resource.id]
        retag(
            old,
            resource.inputs,
            lambda fresh: client.create_tags(Resources=ids, Tags=fresh),
            lambda stale: client.delete_tags(Resources=ids, Tags=[{"Key": k} for k in stale]),
        )


class SecurityGroup(_Ec2Kind):
    """aws.ec2.SecurityGroup, without inline rules"""

    token = "aws:ec2/securityGroup:SecurityGroup"
    creates = "CreateSecurityGroup"
    names = {"name": "GroupName", "description": "Description"}
    ours = frozenset({"tags", "revokeRulesOnDelete"})
    replaced_by = frozenset({"name", "namePrefix", "description", "vpcId"})
    defaults = DESCRIBED
    auto_named = "name"
    gone = frozenset({"InvalidGroup.NotFound"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_security_group(**self.arguments(resource, self.creates))
        return made["GroupId"], {}

    def complete(self, resource: Resource) -> Outputs:
        client, group = self.client(resource), resource.id
        found = client.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        if found["IpPermissionsEgress"]:
            # The provider takes AWS's allow-all egress away; a program that wants it says so.
            client.revoke_security_group_egress(
                GroupId=group, IpPermissions=found["IpPermissionsEgress"]
            )
        self._tag(resource, {})
        return self._outputs(found)

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
        self._tag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_security_group(GroupId=resource.id)

    @staticmethod
    def _outputs(found: Any) -> Outputs:
        arn = found.get("SecurityGroupArn", "")
        return {"_id": found["GroupId"], "ownerId": found.get("OwnerId"), "arn": arn}


class _SecurityGroupRule(_Ec2Kind):
    # Two equal rules cannot be, so that the old one goes first.
    replaced_by = frozenset(
        {
            "securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6",
            "referencedSecurityGroupId", "prefixListId", "description",
        }
    )  # fmt: skip
    identified_by = ("securityGroupId",)
    gone = frozenset({"InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound"})
    egress = False

    def unknown(self, inputs: Inputs) -> frozenset[str]:
        """Properties that mean nothing to us."""
        return frozenset(inputs) - self.replaced_by - {"region", "tags"}

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        p, client = resource.inputs, self.client(resource)
        authorize = (
            client.authorize_security_group_egress
            if self.egress
            else client.authorize_security_group_ingress
        )
        made = authorize(GroupId=p["securityGroupId"], IpPermissions=[_permission(p)])
        rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return rule, {"securityGroupRuleId": rule, "_id": rule}

    def complete(self, resource: Resource) -> Outputs:
        self._tag(resource, {})
        return super().complete(resource)

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self._tag(resource, old)

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
        if self.describe(resource) is not None:
            revoke(GroupId=resource.inputs["securityGroupId"], SecurityGroupRuleIds=[resource.id])

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
