"""ElastiCache: users and user groups."""

from __future__ import annotations

from typing import Any

from localcloud.provider.elasticache import CacheKind
from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs


class User(CacheKind):
    """aws.elasticache.User"""

    token = "aws:elasticache/user:User"
    replaced_by = frozenset({"userId", "userName", "engine"})
    identified_by = ("userId",)
    gone = frozenset({"UserNotFound"})
    taken = frozenset({"UserAlreadyExists"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_user(**self.arguments(resource, "CreateUser"))
        return made["UserId"], _user(made)

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_users(UserId=resource.inputs["userId"])
        return _user(answer["Users"][0])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        chosen = changed & {
            "accessString", "passwords", "noPasswordRequired", "authenticationMode"
        }  # fmt: skip
        if chosen:
            self.client(resource).modify_user(
                **self.some(resource, "ModifyUser", chosen), UserId=resource.inputs["userId"]
            )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_user(UserId=resource.inputs["userId"])


def _user(found: Any) -> Outputs:
    return {"arn": found["ARN"]}


class UserGroup(CacheKind):
    """aws.elasticache.UserGroup"""

    token = "aws:elasticache/userGroup:UserGroup"
    replaced_by = frozenset({"userGroupId", "engine"})
    identified_by = ("userGroupId",)
    gone = frozenset({"UserGroupNotFound"})
    taken = frozenset({"UserGroupAlreadyExists"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_user_group(
            **self.arguments(resource, "CreateUserGroup")
        )
        return made["UserGroupId"], {"arn": made["ARN"]}

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_user_groups(
            UserGroupId=resource.inputs["userGroupId"]
        )
        return {"arn": answer["UserGroups"][0]["ARN"]}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        before, after = (set(i.get("userIds") or []) for i in (old, resource.inputs))
        changes = {
            "UserIdsToAdd": sorted(after - before),
            "UserIdsToRemove": sorted(before - after),
        }
        wanted = {member: users for member, users in changes.items() if users}
        if wanted:
            self.client(resource).modify_user_group(
                UserGroupId=resource.inputs["userGroupId"], **wanted
            )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_user_group(UserGroupId=resource.inputs["userGroupId"])
