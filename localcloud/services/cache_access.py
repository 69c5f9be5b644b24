"""Who may enter a replication group: everybody with its token, or the users of its group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiError, Call, now
from localcloud.errors import LocalCloudError
from localcloud.fleet import AclUser, Ref, everybody, hash_of
from localcloud.records import Record
from localcloud.services import cache_rules as rules
from localcloud.services.cache_users import CacheUsers
from localcloud.services.context import Cloud

GROUP = "cache-user-group"
REPLICATION_GROUP = "replication-group"


def group_missing(name: str) -> ApiError:
    """There is no such user group."""
    return ApiError("UserGroupNotFound", f"User group {name} not found.", 404)


class CacheAccess:
    """From tokens, users and user groups to what the servers let in."""

    def __init__(self, cloud: Cloud, users: CacheUsers) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._users = users

    def asked(self, call: Call, engine: str, tls: bool) -> Record:
        """The members of a new replication group's record. Raises what ElastiCache refuses."""
        token, groups = call.params.get("AuthToken"), call.params.get("UserGroupIds") or []
        rules.check_token(token, tls)
        if token and groups:
            raise rules.combination("AuthToken and UserGroupIds exclude each other.")
        self._check_groups(call.region, groups, engine, tls)
        found: Record = {
            "AuthTokenEnabled": bool(token),
            "UserGroupIds": groups,
            "_tokens": [hash_of(token)] if token else [],
        }
        return found | ({"AuthTokenLastModifiedDate": now()} if token else {})

    def changes(self, call: Call, record: Record) -> Record:
        """The members that a modification changes; empty when it is about something else."""
        p = call.params
        strategy, token = p.get("AuthTokenUpdateStrategy"), p.get("AuthToken")
        gone = set(p.get("UserGroupIdsToRemove") or [])
        if p.get("RemoveUserGroups"):
            gone = set(record["UserGroupIds"])
        if gone - set(record["UserGroupIds"]):
            raise rules.value(
                f"User group {min(gone - set(record['UserGroupIds']))} is not associated."
            )
        groups = [g for g in record["UserGroupIds"] if g not in gone]
        groups += [g for g in p.get("UserGroupIdsToAdd") or [] if g not in groups]
        tls = record["TransitEncryptionEnabled"]
        found = self._token(record, token, strategy, tls)
        if groups and (token or (record["AuthTokenEnabled"] and strategy != "DELETE")):
            raise rules.combination(
                "User group can't be associated with auth token enabled. Pass AuthStrategy delete "
                "to proceed"
            )
        if groups != record["UserGroupIds"]:
            self._check_groups(call.region, groups, record["Engine"], tls)
            found["UserGroupIds"] = groups
        return found

    def _token(self, record: Record, token: str | None, strategy: str | None, tls: bool) -> Record:
        if strategy == "DELETE":
            if token:
                raise rules.combination("AuthToken cannot be given with the strategy DELETE.")
            return {"AuthTokenEnabled": False, "_tokens": []}
        if not token:
            return {}
        rules.check_token(token, tls)
        # ROTATE, the default, lets the one before in as well until the next change.
        before = record["_tokens"][-1:] if strategy != "SET" else []
        return {
            "AuthTokenEnabled": True,
            "AuthTokenLastModifiedDate": now(),
            "_tokens": list(dict.fromkeys([*before, hash_of(token)])),
        }

    def users_of(self, record: Record) -> tuple[AclUser, ...]:
        """Whom the servers of a replication group let in."""
        region = record["_region"]
        found: list[AclUser] = []
        for name in record["UserGroupIds"]:
            group = self._records.get(GROUP, region, name) or {"UserIds": []}
            found += [self._users.acl(region, user) for user in group["UserIds"]]
        return tuple(found) if record["UserGroupIds"] else everybody(*record["_tokens"])

    def apply(self, record: Record) -> None:
        """Make the servers let in whom the records say."""
        ref = Ref(record["_region"], record["ReplicationGroupId"])
        try:
            servers_of(self._cloud, record).set_users(ref, self.users_of(record))
        except LocalCloudError as error:
            raise ApiError("InternalFailure", f"{ref.identifier}: {error}", 500) from error

    def using(self, region: str, group: str) -> list[Record]:
        """The replication groups of a user group."""
        found = self._records.all(REPLICATION_GROUP, region)
        return [record for record in found if group in record["UserGroupIds"]]

    def apply_group(self, region: str, group: str) -> None:
        """As `apply`, for every replication group of a user group that has servers."""
        for record in self.using(region, group):
            if record["Status"] not in ("creating", "deleting"):
                self.apply(record)

    def _check_groups(self, region: str, groups: list[str], engine: str, tls: bool) -> None:
        if len(groups) > 1:
            raise rules.combination("A replication group can have one user group only.")
        for name in groups:
            group = self._cloud.need(GROUP, region, name, group_missing(name))
            if not tls:
                raise rules.combination(
                    "User group based access control requires encryption-in-transit to be enabled."
                )
            if group["Engine"] != engine:
                raise rules.combination(
                    f"User group {name} is of engine {group['Engine']}, not {engine}."
                )


def servers_of(cloud: Cloud, record: Mapping[str, Any]) -> Any:
    """The collection that a replication group's servers are in."""
    return cloud.fleet.sharded_caches if record["ClusterEnabled"] else cloud.fleet.caches
