"""ElastiCache users: create and describe. Changes of them are the user groups' business."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.fleet import ADMINISTRATOR, AclUser, hash_of
from localcloud.records import Record
from localcloud.services import cache_rules as rules
from localcloud.services.cache_acl import canonical
from localcloud.services.context import Cloud
from localcloud.services.surroundings import arn

KIND = "cache-user"
MOST_USERS = 1000
DEFAULT = "default"
"""The id of the user that every account has: all rights, no password; and the name of one that
every user group of Redis needs."""
_MINIMUM = {"redis": "6.0", "valkey": "7.2"}


def missing(name: str) -> ApiError:
    """There is no such user."""
    return ApiError("UserNotFound", f"User {name} not found.", 404)


class CacheUsers:
    """Users and their passwords, of which only hashes are kept."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._records = cloud.records

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("elasticache", "CreateUser", self._create)
        operations.handle("elasticache", "DescribeUsers", self._describe)

    def need(self, region: str, name: str) -> Record:
        """One user by id, also the one that every account has."""
        if name == DEFAULT:
            return _built_in(region)
        return self._cloud.need(KIND, region, name.lower(), missing(name))

    def acl(self, region: str, name: str) -> AclUser:
        """A user as the servers know it."""
        user = self.need(region, name)
        return AclUser(user["UserName"], user["AccessString"], tuple(user["_hashes"]))

    def _create(self, call: Call) -> Answer:
        p = call.params
        name, engine = p["UserId"].lower(), _engine(p["Engine"])
        if not re.fullmatch(r"[a-z](?:[a-z0-9]|-(?!-|$)){0,39}", name):
            raise rules.value(
                f"{p['UserId']!r} is not a valid UserId: at most 40 letters, digits and single "
                "hyphens, a letter first"
            )
        if re.search(r"\s", p["UserName"]) or p["UserName"] == ADMINISTRATOR:
            raise rules.value(f"{p['UserName']!r} is not a valid UserName.")
        record: Record = {
            "UserId": name,
            "UserName": p["UserName"],
            "Status": "active",
            "Engine": engine,
            "MinimumEngineVersion": _MINIMUM[engine],
            "AccessString": canonical(p["AccessString"]),
            "ARN": arn("elasticache", call.region, "user", name),
            "_arn": arn("elasticache", call.region, "user", name),
            "TagList": p.get("Tags") or [],
            **authentication(p),
        }
        if "_hashes" not in record:
            raise rules.combination("A user needs Passwords, or NoPasswordRequired.")
        with self._records.change():
            if name == DEFAULT or self._records.get(KIND, call.region, name):
                raise ApiError("UserAlreadyExists", f"User {name} already exists.")
            if len(self._records.all(KIND, call.region)) >= MOST_USERS:
                raise ApiError("UserQuotaExceeded", f"There can be {MOST_USERS} users.")
            self._records.put(KIND, call.region, name, record)
        return self.shown(record)

    def shown(self, record: Record) -> Record:
        """A user with the groups it belongs to."""
        region, name = record["ARN"].split(":")[3], record["UserId"]
        groups = self._records.all("cache-user-group", region)
        return record | {"UserGroupIds": [g["UserGroupId"] for g in groups if name in g["UserIds"]]}

    def _describe(self, call: Call) -> Answer:
        wanted, engine = call.params.get("UserId"), call.params.get("Engine")
        if wanted:
            return page(call, "Users", [self.shown(self.need(call.region, wanted))])
        found = [_built_in(call.region), *self._records.all(KIND, call.region)]
        chosen = [u for u in found if engine is None or u["Engine"] == engine.lower()]
        return page(call, "Users", [self.shown(user) for user in chosen])


def authentication(p: Mapping[str, Any]) -> Record:
    """The members that say how a user logs in; empty when the call says nothing of it."""
    mode = p.get("AuthenticationMode") or {}
    kind = mode.get("Type")
    passwords = mode.get("Passwords") or p.get("Passwords") or []
    if kind == "iam":
        raise rules.value("The local cloud has no users with IAM authentication.")
    if p.get("NoPasswordRequired") or kind == "no-password-required":
        if passwords:
            raise rules.combination("Passwords and NoPasswordRequired exclude each other.")
        return {"Authentication": {"Type": "no-password"}, "_hashes": []}
    if not passwords:
        return {}
    if len(passwords) > 2:
        raise rules.combination("A user can have two passwords at most.")
    if not all(re.fullmatch(r"[!-~]{16,128}", each) for each in passwords):
        raise rules.value("A password has 16 to 128 printable characters and no space.")
    return {
        "Authentication": {"Type": "password", "PasswordCount": len(passwords)},
        "_hashes": [hash_of(each) for each in passwords],
    }


def _engine(wanted: str) -> str:
    engine = wanted.lower()
    if engine not in _MINIMUM:
        raise rules.value(f"Engine must be redis or valkey, not {wanted}.")
    return engine


def _built_in(region: str) -> Record:
    return {
        "UserId": DEFAULT,
        "UserName": DEFAULT,
        "Status": "active",
        "Engine": "redis",
        "MinimumEngineVersion": _MINIMUM["redis"],
        "AccessString": "on ~* +@all",
        "Authentication": {"Type": "no-password"},
        "ARN": arn("elasticache", region, "user", DEFAULT),
        "_arn": arn("elasticache", region, "user", DEFAULT),
        "_hashes": [],
    }
