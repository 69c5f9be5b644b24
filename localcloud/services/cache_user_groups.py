"""ElastiCache user groups, and the changes of users that reach caches through them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.records import Record
from localcloud.services import cache_rules as rules
from localcloud.services.cache_access import GROUP, CacheAccess, group_missing
from localcloud.services.cache_acl import canonical
from localcloud.services.cache_users import DEFAULT, KIND, CacheUsers, authentication
from localcloud.services.context import Cloud
from localcloud.services.surroundings import arn

MOST_GROUPS = 100
MOST_MEMBERS = 100


class CacheUserGroups:
    """Who belongs together; a replication group has one of them at most."""

    def __init__(self, cloud: Cloud, users: CacheUsers, access: CacheAccess) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._users = users
        self._access = access

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("elasticache", "CreateUserGroup", self._create)
        operations.handle("elasticache", "DescribeUserGroups", self._describe)
        operations.handle("elasticache", "ModifyUserGroup", self._modify)
        operations.handle("elasticache", "DeleteUserGroup", self._delete)
        operations.handle("elasticache", "ModifyUser", self._modify_user)
        operations.handle("elasticache", "DeleteUser", self._delete_user)

    def _create(self, call: Call) -> Answer:
        p = call.params
        name, engine = p["UserGroupId"].lower(), rules.check_engine(p["Engine"])
        if not re.fullmatch(r"[a-z](?:[a-z0-9]|-(?!-|$)){0,39}", name):
            raise rules.value(
                f"{p['UserGroupId']!r} is not a valid UserGroupId: at most 40 letters, digits and "
                "single hyphens, a letter first"
            )
        members = [user.lower() for user in p.get("UserIds") or []]
        self._check_members(call.region, engine, members)
        record: Record = {
            "UserGroupId": name,
            "Status": "active",
            "Engine": engine,
            "UserIds": members,
            "MinimumEngineVersion": "7.2" if engine == "valkey" else "6.0",
            "ARN": arn("elasticache", call.region, "usergroup", name),
            "_arn": arn("elasticache", call.region, "usergroup", name),
            "TagList": p.get("Tags") or [],
        }
        with self._records.change():
            if self._records.get(GROUP, call.region, name):
                raise ApiError("UserGroupAlreadyExists", f"User group {name} already exists.")
            if len(self._records.all(GROUP, call.region)) >= MOST_GROUPS:
                raise ApiError("UserGroupQuotaExceeded", f"There can be {MOST_GROUPS} groups.")
            self._records.put(GROUP, call.region, name, record)
        return self._shown(call.region, record)

    def _shown(self, region: str, record: Record) -> Record:
        using = self._access.using(region, record["UserGroupId"])
        return record | {"ReplicationGroups": [each["ReplicationGroupId"] for each in using]}

    def _describe(self, call: Call) -> Answer:
        wanted = call.params.get("UserGroupId")
        found = [self._need(call)] if wanted else self._records.all(GROUP, call.region)
        return page(call, "UserGroups", [self._shown(call.region, group) for group in found])

    def _need(self, call: Call) -> Record:
        name = call.params["UserGroupId"]
        return self._cloud.need(GROUP, call.region, name.lower(), group_missing(name))

    def _modify(self, call: Call) -> Answer:
        p = call.params
        with self._records.change():
            record = self._need(call)
            name = record["UserGroupId"]
            more = [user.lower() for user in p.get("UserIdsToAdd") or []]
            gone = {user.lower() for user in p.get("UserIdsToRemove") or []}
            strange = sorted(gone - set(record["UserIds"]))
            if strange:
                raise rules.value(f"User {strange[0]} is not in user group {name}.")
            if not more and not gone:
                raise rules.combination("No modifications were requested.")
            members = [user for user in record["UserIds"] if user not in gone]
            self._check_members(call.region, record["Engine"], [*members, *more])
            self._records.update(GROUP, call.region, name, UserIds=[*members, *more])
        self._access.apply_group(call.region, name)
        return self._shown(call.region, self._need(call))

    def _delete(self, call: Call) -> Answer:
        with self._records.change():
            record = self._need(call)
            shown = self._shown(call.region, record)
            if shown["ReplicationGroups"]:
                raise ApiError(
                    "InvalidUserGroupState",
                    f"User group {record['UserGroupId']} is associated with "
                    f"{', '.join(shown['ReplicationGroups'])}; disassociate it first.",
                )
            self._records.drop(GROUP, call.region, record["UserGroupId"])
        return shown | {"Status": "deleting"}

    def _modify_user(self, call: Call) -> Answer:
        p = call.params
        with self._records.change():
            record = self._own(call)
            values: dict[str, Any] = authentication(p)
            if p.get("AccessString"):
                values["AccessString"] = canonical(p["AccessString"])
            if p.get("AppendAccessString"):
                joined = f"{record['AccessString']} {p['AppendAccessString']}"
                values["AccessString"] = canonical(joined)
            self._records.update(KIND, call.region, record["UserId"], **values)
        for group in self._groups_of(call.region, record["UserId"]):
            self._access.apply_group(call.region, group["UserGroupId"])
        return self._users.shown(self._users.need(call.region, record["UserId"]))

    def _delete_user(self, call: Call) -> Answer:
        # ElastiCache takes a deleted user out of its groups, and so out of their caches.
        with self._records.change():
            record = self._own(call)
            name, groups = record["UserId"], self._groups_of(call.region, record["UserId"])
            shown = self._users.shown(record)
            if record["UserName"] == DEFAULT and record["Engine"] == "redis" and groups:
                raise ApiError(
                    "DefaultUserAssociatedToUserGroup",
                    f"{name} is the default user of {groups[0]['UserGroupId']}, which needs one.",
                )
            for group in groups:
                members = [user for user in group["UserIds"] if user != name]
                self._records.update(GROUP, call.region, group["UserGroupId"], UserIds=members)
            self._records.drop(KIND, call.region, name)
        for group in groups:
            self._access.apply_group(call.region, group["UserGroupId"])
        return shown | {"Status": "deleting"}

    def _own(self, call: Call) -> Record:
        name = call.params["UserId"]
        if name == DEFAULT:
            raise rules.value("The user with the id default cannot be modified or deleted.")
        return self._users.need(call.region, name)

    def _groups_of(self, region: str, user: str) -> list[Record]:
        return [g for g in self._records.all(GROUP, region) if user in g["UserIds"]]

    def _check_members(self, region: str, engine: str, members: Iterable[str]) -> None:
        found = [self._users.need(region, member) for member in members]
        names = [user["UserName"] for user in found]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ApiError("DuplicateUserName", f"The user name {twice[0]} is there twice.")
        if len(names) > MOST_MEMBERS:
            raise ApiError("UserQuotaExceeded", f"A group can have {MOST_MEMBERS} users.")
        wrong = [user for user in found if user["Engine"] != engine]
        if wrong:
            raise rules.value(
                f"User {wrong[0]['UserId']} is of engine {wrong[0]['Engine']}, not {engine}."
            )
        if engine == "redis" and DEFAULT not in names:
            raise ApiError("DefaultUserRequired", "A user group needs a user named default.")
