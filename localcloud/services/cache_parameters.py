"""ElastiCache parameter groups (moto has none)."""

from __future__ import annotations

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.records import Record
from localcloud.services.cache_rules import FAMILIES
from localcloud.services.context import Cloud
from localcloud.services.surroundings import arn

KIND = "cache-parameter-group"
CLUSTERED = ".cluster.on"
"""How the default group of a family is called that switches cluster mode on."""
_ALWAYS_APART = frozenset({"memcached1.6"})
_DEFAULTS = [
    f"default.{family}{end}"
    for family in FAMILIES
    for end in ("", *(() if family in _ALWAYS_APART else (CLUSTERED,)))
]
_USERS = ("replication-group", "cache-cluster")


def missing(name: str) -> ApiError:
    """There is no such group."""
    return ApiError("CacheParameterGroupNotFound", f"CacheParameterGroup {name} not found.", 404)


class CacheParameterGroups:
    """Create, describe, modify, reset, delete."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._records = cloud.records

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("elasticache", "CreateCacheParameterGroup", self._create)
        operations.handle("elasticache", "DescribeCacheParameterGroups", self._describe)
        operations.handle("elasticache", "ModifyCacheParameterGroup", self._modify)
        operations.handle("elasticache", "ResetCacheParameterGroup", self._reset)
        operations.handle("elasticache", "DeleteCacheParameterGroup", self._delete)
        operations.handle("elasticache", "DescribeCacheParameters", self._parameters)

    def group_for(self, region: str, wanted: str | None, family: str, clustered: bool) -> str:
        """The group a cache gets. Raises on an unknown one, a wrong family or cluster mode."""
        name = (wanted or f"default.{family}{CLUSTERED if clustered else ''}").lower()
        found = self._family(region, name)
        if found != family:
            raise ApiError(
                "InvalidParameterCombination",
                f"Expected a parameter group of family {family} but found one of family {found}",
            )
        if self.clusters(region, name) != clustered:
            raise ApiError(
                "InvalidParameterCombination",
                f"{name} has cluster mode {'off' if clustered else 'on'}; use another group for a "
                f"replication group with cluster mode {'enabled' if clustered else 'disabled'}.",
            )
        return name

    def clusters(self, region: str, name: str) -> bool:
        """Whether a group switches cluster mode on."""
        on = self.values(region, name.lower()).get("cluster-enabled") == "yes"
        return on or name.lower().endswith(CLUSTERED)

    def _family(self, region: str, name: str) -> str:
        if name in _DEFAULTS:
            return name.removeprefix("default.").removesuffix(CLUSTERED)
        group = self._cloud.need(KIND, region, name, missing(name))
        return str(group["CacheParameterGroupFamily"])

    def values(self, region: str, name: str) -> dict[str, str]:
        """The values the user set; a default group has none."""
        record = self._records.get(KIND, region, name)
        return dict(record["_values"]) if record else {}

    def _create(self, call: Call) -> Answer:
        p = call.params
        name, family = p["CacheParameterGroupName"].lower(), p["CacheParameterGroupFamily"]
        if family not in FAMILIES:
            raise ApiError("InvalidParameterValue", f"CacheParameterGroupFamily {family} unknown")
        record: Record = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": family,
            "Description": p["Description"],
            "IsGlobal": False,
            "ARN": arn("elasticache", call.region, "parametergroup", name),
            "_arn": arn("elasticache", call.region, "parametergroup", name),
            "_values": {},
            "TagList": p.get("Tags") or [],
        }
        with self._records.change():
            if self._records.get(KIND, call.region, name):
                raise ApiError(
                    "CacheParameterGroupAlreadyExists", f"Parameter group {name} already exists"
                )
            self._records.put(KIND, call.region, name, record)
        return {"CacheParameterGroup": record}

    def _need(self, call: Call) -> Record:
        name = call.params["CacheParameterGroupName"].lower()
        if name.startswith("default."):
            raise ApiError(
                "InvalidCacheParameterGroupState", f"The default group {name} is read-only."
            )
        return self._cloud.need(KIND, call.region, name, missing(name))

    def _describe(self, call: Call) -> Answer:
        defaults: list[Record] = [
            {
                "CacheParameterGroupName": name,
                "CacheParameterGroupFamily": self._family(call.region, name),
                "Description": f"Default parameter group for {name.removeprefix('default.')}",
                "IsGlobal": False,
                "ARN": arn("elasticache", call.region, "parametergroup", name),
            }
            for name in _DEFAULTS
        ]
        found = [*self._records.all(KIND, call.region), *defaults]
        wanted = call.params.get("CacheParameterGroupName")
        if wanted:
            found = [g for g in found if g["CacheParameterGroupName"] == wanted.lower()]
            if not found:
                raise missing(wanted)
        return page(call, "CacheParameterGroups", found)

    def _modify(self, call: Call) -> Answer:
        with self._records.change():
            record = self._need(call)
            name = record["CacheParameterGroupName"]
            values = record["_values"] | {
                q["ParameterName"]: str(q.get("ParameterValue", ""))
                for q in call.params.get("ParameterNameValues") or []
            }
            self._records.update(KIND, call.region, name, _values=values)
        return {"CacheParameterGroupName": name}

    def _reset(self, call: Call) -> Answer:
        with self._records.change():
            record = self._need(call)
            name = record["CacheParameterGroupName"]
            gone = {q["ParameterName"] for q in call.params.get("ParameterNameValues") or []}
            everything = call.params.get("ResetAllParameters") or not gone
            kept = {k: v for k, v in record["_values"].items() if not everything and k not in gone}
            self._records.update(KIND, call.region, name, _values=kept)
        return {"CacheParameterGroupName": name}

    def _delete(self, call: Call) -> Answer:
        with self._records.change():
            name = self._need(call)["CacheParameterGroupName"]
            users = [user for kind in _USERS for user in self._records.all(kind, call.region)]
            if any(user["_parameter_group"] == name for user in users):
                raise ApiError(
                    "InvalidCacheParameterGroupState",
                    f"One or more cache clusters are still members of {name}.",
                )
            self._records.drop(KIND, call.region, name)
        return {}

    def _parameters(self, call: Call) -> Answer:
        name = call.params["CacheParameterGroupName"].lower()
        if name in _DEFAULTS:
            return page(call, "Parameters", [])
        record = self._cloud.need(KIND, call.region, name, missing(name))
        rows = [
            {"ParameterName": k, "ParameterValue": v, "Source": "user", "IsModifiable": True,
             "DataType": "string", "ChangeType": "immediate"}
            for k, v in sorted(record["_values"].items())
        ]  # fmt: skip
        return page(call, "Parameters", rows)
