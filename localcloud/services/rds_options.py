"""RDS option groups: features of Oracle and SQL Server, which are records, and the audit plugin.

The audit plugin is real: MariaDB's own, which RDS's is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.engine_versions import ENGINES
from localcloud.services.rds_engines import Engine
from localcloud.services.rds_parameters import values_for
from localcloud.services.surroundings import arn, name_of


def missing(name: str) -> ApiError:
    """There is no such group."""
    return ApiError(
        "OptionGroupNotFoundFault", f"Specified OptionGroupName: {name} not found.", 404
    )


def membership(
    cloud: Cloud, region: str, wanted: str | None, engine: Engine, version: str
) -> list[dict[str, str]]:
    """What an instance reports of its option group; nothing when it asks for none.

    Raises ``OptionGroupNotFoundFault``, or ``InvalidParameterCombination`` on a wrong engine.
    """
    if not wanted:
        return []
    group = cloud.need("option-group", region, wanted.lower(), missing(wanted))
    if (group["EngineName"], group["MajorEngineVersion"]) != (engine.name, engine.major(version)):
        raise ApiError(
            "InvalidParameterCombination",
            f"The option group {wanted} is for {group['EngineName']} "
            f"{group['MajorEngineVersion']}, not for {engine.name} {engine.major(version)}.",
        )
    return [{"OptionGroupName": group["OptionGroupName"], "Status": "in-sync"}]


class OptionGroups:
    """Create, describe, modify and delete."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._records = cloud.records

    def register(self, operations: Operations) -> None:
        """Answer the operations on option groups."""
        operations.handle("rds", "CreateOptionGroup", self._create)
        operations.handle("rds", "DescribeOptionGroups", self._describe)
        operations.handle("rds", "ModifyOptionGroup", self._modify)
        operations.handle("rds", "DeleteOptionGroup", self._delete)

    def _need(self, call: Call) -> Record:
        name = call.params["OptionGroupName"].lower()
        return self._cloud.need("option-group", call.region, name, missing(name))

    def _create(self, call: Call) -> Answer:
        p, region = call.params, call.region
        name, engine = p["OptionGroupName"].lower(), ENGINES.get(p["EngineName"])
        if engine is None:
            raise ApiError("InvalidParameterValue", f"Invalid DB engine: {p['EngineName']}")
        major = p["MajorEngineVersion"]
        if major not in {engine.major(version) for version in engine.versions}:
            raise ApiError(
                "InvalidParameterCombination",
                f"Cannot find major version {major} for {engine.name}",
            )
        record = {
            "OptionGroupName": name,
            "OptionGroupDescription": p["OptionGroupDescription"],
            "EngineName": engine.name,
            "MajorEngineVersion": major,
            "Options": [],
            "AllowsVpcAndNonVpcInstanceMemberships": True,
            "OptionGroupArn": arn("rds", region, "og", name),
            "_arn": arn("rds", region, "og", name),
            "TagList": p.get("Tags") or [],
        }
        with self._records.change():
            if self._records.get("option-group", region, name):
                raise ApiError(
                    "OptionGroupAlreadyExistsFault", f"An option group named {name} already exists."
                )
            self._records.put("option-group", region, name, record)
        return {"OptionGroup": record}

    def _describe(self, call: Call) -> Answer:
        wanted = call.params.get("OptionGroupName")
        found = self._records.all("option-group", call.region)
        if wanted:
            found = [g for g in found if g["OptionGroupName"] == name_of(wanted)]
            if not found:
                raise missing(wanted)
        for member in ("EngineName", "MajorEngineVersion"):
            found = [g for g in found if call.params.get(member) in (None, g[member])]
        return page(call, "OptionGroupsList", found)

    def _modify(self, call: Call) -> Answer:
        with self._records.change():
            record = self._need(call)
            engine = ENGINES[record["EngineName"]]
            options = {option["OptionName"]: option for option in record["Options"]}
            for wanted in call.params.get("OptionsToInclude") or []:
                options[wanted["OptionName"]] = _option(engine, wanted)
            for name in call.params.get("OptionsToRemove") or []:
                self._check_removal(record, options.pop(name, None))
            self._records.update(
                "option-group",
                call.region,
                record["OptionGroupName"],
                Options=[options[name] for name in sorted(options)],
            )
            changed = self._need(call)
        self._spread(call.region, changed)
        return {"OptionGroup": changed}

    def _spread(self, region: str, record: Record) -> None:
        for instance in self._users(record):
            if instance["DBInstanceStatus"] == "available":
                ref = Ref(region, instance["DBInstanceIdentifier"])
                values = values_for(self._cloud, region, instance)
                self._cloud.fleet.set_parameters(ref, values)

    def _check_removal(self, record: Record, option: Mapping[str, Any] | None) -> None:
        if option and option["Permanent"] and self._users(record):
            raise ApiError(
                "InvalidOptionGroupStateFault",
                f"The permanent option {option['OptionName']} can't be removed from an option "
                "group that an instance uses.",
            )

    def _delete(self, call: Call) -> Answer:
        with self._records.change():
            record = self._need(call)
            if self._users(record):
                raise ApiError(
                    "InvalidOptionGroupStateFault",
                    f"The option group {record['OptionGroupName']} is in use by an instance.",
                )
            self._records.drop("option-group", call.region, record["OptionGroupName"])
        return {}

    def _users(self, record: Record) -> list[Record]:
        region = record["_arn"].split(":")[3]
        return [
            instance
            for instance in self._records.all("instance", region)
            for group in instance["OptionGroupMemberships"]
            if group["OptionGroupName"] == record["OptionGroupName"]
        ]


def _option(engine: Engine, wanted: Mapping[str, Any]) -> dict[str, Any]:
    name = wanted["OptionName"]
    if name not in engine.options:
        raise ApiError("InvalidParameterValue", f"Invalid option name '{name}' for {engine.name}")
    return {
        "OptionName": name,
        # Oracle's TDE is for ever; SQL Server's can be taken back.
        "Permanent": name == "TDE" and engine.name.startswith("oracle"),
        "Persistent": name == "TDE",
        "OptionSettings": [
            {"Name": setting["Name"], "Value": setting.get("Value")}
            for setting in wanted.get("OptionSettings") or []
        ],
        "DBSecurityGroupMemberships": [],
        "VpcSecurityGroupMemberships": [],
    }
