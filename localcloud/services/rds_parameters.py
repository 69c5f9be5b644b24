"""RDS parameter groups, of instances and of clusters: the same thing under two names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.engine_versions import AURORA, ENGINES
from localcloud.services.rds_audit_options import audit_values
from localcloud.services.rds_engines import MYSQL, POSTGRES, Engine
from localcloud.services.surroundings import arn, name_of

_GONE_IN_84 = {
    "default_authentication_plugin", "expire_logs_days", "log_slave_updates",
    "master_info_repository", "relay_log_info_repository", "slave_net_timeout",
    "slave_parallel_workers", "slave_parallel_type", "innodb_log_file_size",
    "transaction_write_set_extraction", "binlog_transaction_dependency_tracking",
}  # fmt: skip
"""Names MySQL 8.4 removed (aws-facts 1.1); a mysql8.4 group does not know them."""
_STATIC = {
    "performance_schema", "gtid-mode", "enforce_gtid_consistency", "innodb_buffer_pool_instances",
    "log_bin_trust_routine_creators", "lower_case_table_names", "skip_name_resolve", "back_log",
    "innodb_ft_min_token_size", "table_open_cache_instances", "thread_stack",
}  # fmt: skip
_STATIC_IN_CLUSTERS = _STATIC | {"binlog_format"}
_STATIC_IN_POSTGRES = {
    "autovacuum_freeze_max_age", "autovacuum_max_workers", "huge_pages", "max_connections",
    "max_locks_per_transaction", "max_prepared_transactions", "max_replication_slots",
    "max_wal_senders", "max_worker_processes", "rds.logical_replication", "shared_buffers",
    "shared_preload_libraries", "track_activity_query_size", "wal_buffers",
}  # fmt: skip
CLUSTERED = (*AURORA, MYSQL, POSTGRES)
"""The engines that have clusters: Aurora's, and those of Multi-AZ DB clusters."""


@dataclass(frozen=True)
class Flavor:
    """What differs between the groups of instances and those of clusters."""

    kind: str
    arn_kind: str
    noun: str
    member: str
    parameters: str

    @property
    def name(self) -> str:
        return f"{self.member}Name"

    def missing(self, name: str) -> ApiError:
        """The API has one error code for both."""
        return ApiError("DBParameterGroupNotFound", f"{self.member} not found: {name}", 404)


INSTANCE = Flavor("parameter-group", "pg", "DBParameterGroup", "DBParameterGroup", "DBParameters")
CLUSTER = Flavor(
    "cluster-parameter-group",
    "cluster-pg",
    "DBClusterParameterGroup",
    "DBClusterParameterGroup",
    "DBClusterParameters",
)


def families(engines: Iterable[Engine] = ENGINES.values()) -> set[str]:
    """Every parameter group family that ``engines`` have."""
    return {engine.family(v) for engine in engines for v in engine.versions}


def group_for(
    cloud: Cloud, flavor: Flavor, region: str, wanted: str | None, engine: Engine, version: str
) -> str:
    """The name of the group a new database gets; the family's default when none is wanted.

    Raises ``DBParameterGroupNotFound``, or ``InvalidParameterCombination`` on a wrong family.
    """
    family = engine.family(version)
    default = f"default.{family}"
    if not wanted or wanted == default:
        return default
    group = cloud.need(flavor.kind, region, wanted.lower(), flavor.missing(wanted))
    if group["DBParameterGroupFamily"] != family:
        raise ApiError(
            "InvalidParameterCombination",
            f"The parameter group {wanted} with DBParameterGroupFamily "
            f"{group['DBParameterGroupFamily']} can't be used for this instance. Please use a "
            f"parameter group with DBParameterGroupFamily {family}",
        )
    return wanted.lower()


def values_of(cloud: Cloud, flavor: Flavor, region: str, name: str | None) -> dict[str, str]:
    """The values the user set in a group; a default group has none."""
    record = cloud.records.get(flavor.kind, region, name or "")
    return {k: v["value"] for k, v in record["_values"].items()} if record else {}


def values_for(cloud: Cloud, region: str, instance: Mapping[str, Any]) -> dict[str, str]:
    """The parameters an instance starts with: its cluster's group, its own, its option group."""
    values: dict[str, str] = {}
    if instance.get("PerformanceInsightsEnabled"):
        # RDS switches it on with them; it costs memory, and so nobody else has it.
        values["performance_schema"] = "1"
    cluster = cloud.records.get("cluster", region, instance.get("DBClusterIdentifier") or "")
    if cluster:
        values |= values_of(cloud, CLUSTER, region, cluster["DBClusterParameterGroup"])
    for group in instance.get("DBParameterGroups", []):
        values |= values_of(cloud, INSTANCE, region, group["DBParameterGroupName"])
    return values | audit_values(cloud, region, instance)


class ParameterGroups:
    """The operations on one flavor of parameter groups."""

    def __init__(self, cloud: Cloud, flavor: Flavor) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._flavor = flavor

    def register(self, operations: Operations) -> None:
        """Answer create, describe, modify, reset and delete."""
        f = self._flavor
        operations.handle("rds", f"Create{f.noun}", self._create)
        operations.handle("rds", f"Describe{f.noun}s", self._describe)
        operations.handle("rds", f"Modify{f.noun}", self._modify)
        operations.handle("rds", f"Reset{f.noun}", self._reset)
        operations.handle("rds", f"Delete{f.noun}", self._delete)
        operations.handle("rds", f"Describe{f.parameters}", self._parameters)

    def _need(self, call: Call) -> Record:
        name = str(call.params[self._flavor.name]).lower()
        if name.startswith("default."):
            raise ApiError(
                "InvalidDBParameterGroupState", f"The default parameter group {name} is read-only."
            )
        missing = self._flavor.missing(name)
        return self._cloud.need(self._flavor.kind, call.region, name, missing)

    def _create(self, call: Call) -> Answer:
        f, p = self._flavor, call.params
        name, family = p[f.name].lower(), p["DBParameterGroupFamily"]
        if family not in families():
            raise ApiError(
                "InvalidParameterValue", f"ParameterGroupFamily {family} is not a valid family"
            )
        if f is CLUSTER and family not in families(CLUSTERED):
            raise ApiError(
                "InvalidParameterValue", f"ParameterGroupFamily {family} has no cluster groups"
            )
        record = {
            f.name: name,
            "DBParameterGroupFamily": family,
            "Description": p["Description"],
            f"{f.member}Arn": arn("rds", call.region, f.arn_kind, name),
            "_arn": arn("rds", call.region, f.arn_kind, name),
            "_values": {},
            "TagList": p.get("Tags", []),
        }
        with self._records.change():
            if self._records.get(f.kind, call.region, name):
                raise ApiError(
                    "DBParameterGroupAlreadyExists", f"Parameter group {name} already exists"
                )
            self._records.put(f.kind, call.region, name, record)
        return {f.member: record}

    def _describe(self, call: Call) -> Answer:
        f, wanted = self._flavor, call.params.get(self._flavor.name)
        groups = self._records.all(f.kind, call.region)
        groups += [_default(f, call.region, family) for family in sorted(families())]
        if wanted:
            name = name_of(wanted)
            groups = [g for g in groups if g[f.name] == name]
            if not groups:
                raise f.missing(wanted)
        return page(call, f"{f.member}s", groups)

    def _modify(self, call: Call) -> Answer:
        with self._records.change():
            record = self._need(call)
            values = dict(record["_values"])
            for parameter in call.params.get("Parameters", []):
                values[parameter["ParameterName"]] = self._value(record, parameter)
            self._records.update(
                self._flavor.kind, call.region, record[self._flavor.name], _values=values
            )
        self._spread(call.region, record[self._flavor.name])
        return {self._flavor.name: record[self._flavor.name]}

    def _value(self, record: Record, parameter: Mapping[str, Any]) -> dict[str, str]:
        name = parameter["ParameterName"]
        if record["DBParameterGroupFamily"].endswith("8.4") and name in _GONE_IN_84:
            raise ApiError("InvalidParameterValue", f"Could not find parameter with name: {name}")
        method = parameter.get("ApplyMethod") or "immediate"
        if method == "immediate" and name in self._static(record):
            raise ApiError(
                "InvalidParameterCombination",
                "cannot use immediate apply method for static parameter",
            )
        return {"value": str(parameter.get("ParameterValue", "")), "method": method}

    def _static(self, record: Record) -> set[str]:
        if "postgres" in record["DBParameterGroupFamily"]:
            return _STATIC_IN_POSTGRES
        return _STATIC if self._flavor is INSTANCE else _STATIC_IN_CLUSTERS

    def _reset(self, call: Call) -> Answer:
        with self._records.change():
            record = self._need(call)
            gone = {q["ParameterName"] for q in call.params.get("Parameters", [])}
            everything = bool(call.params.get("ResetAllParameters")) or not gone
            values = {
                k: v for k, v in record["_values"].items() if not everything and k not in gone
            }
            self._records.update(
                self._flavor.kind, call.region, record[self._flavor.name], _values=values
            )
        self._spread(call.region, record[self._flavor.name])
        return {self._flavor.name: record[self._flavor.name]}

    def _users(self, region: str, name: str) -> list[Record]:
        instances = self._records.all("instance", region)
        if self._flavor is INSTANCE:
            return [
                i
                for i in instances
                if name in [g["DBParameterGroupName"] for g in i["DBParameterGroups"]]
            ]
        clusters = {
            c["DBClusterIdentifier"]
            for c in self._records.all("cluster", region)
            if c["DBClusterParameterGroup"] == name
        }
        return [i for i in instances if i.get("DBClusterIdentifier") in clusters]

    def _spread(self, region: str, name: str) -> None:
        for instance in self._users(region, name):
            if instance["DBInstanceStatus"] != "available":
                continue
            identifier = instance["DBInstanceIdentifier"]
            values = values_for(self._cloud, region, instance)
            self._cloud.fleet.set_parameters(Ref(region, identifier), values)

    def _delete(self, call: Call) -> Answer:
        with self._records.change():
            record = self._need(call)
            name = record[self._flavor.name]
            clusters = [
                c
                for c in self._records.all("cluster", call.region)
                if self._flavor is CLUSTER and c["DBClusterParameterGroup"] == name
            ]
            if clusters or self._users(call.region, name):
                raise ApiError(
                    "InvalidDBParameterGroupState",
                    f"One or more DB instances are still members of this parameter group {name}, "
                    "so the group cannot be deleted",
                )
            self._records.drop(self._flavor.kind, call.region, name)
        return {}

    def _parameters(self, call: Call) -> Answer:
        name = str(call.params[self._flavor.name]).lower()
        if name.removeprefix("default.") in families():
            return page(call, "Parameters", [])
        missing = self._flavor.missing(name)
        record = self._cloud.need(self._flavor.kind, call.region, name, missing)
        rows = [
            {
                "ParameterName": key,
                "ParameterValue": value["value"],
                "ApplyMethod": value["method"],
                "ApplyType": "static" if key in self._static(record) else "dynamic",
                "Source": "user",
                "IsModifiable": True,
                "DataType": "string",
            }
            for key, value in sorted(record["_values"].items())
        ]
        if call.params.get("Source") not in (None, "user"):
            rows = []
        return page(call, "Parameters", rows)


def _default(flavor: Flavor, region: str, family: str) -> Record:
    name = f"default.{family}"
    return {
        flavor.name: name,
        "DBParameterGroupFamily": family,
        "Description": f"Default parameter group for {family}",
        f"{flavor.member}Arn": arn("rds", region, flavor.arn_kind, name),
    }
