"""Replication instances and their subnet groups: records, for the workers need neither."""

from __future__ import annotations

import re

from moto.iam import iam_backends

from localcloud.api import Answer, ApiError, Call, Operations, given, now
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.dms_kinds import CONFIG, INSTANCE, SUBNET_GROUP, TASK
from localcloud.services.dms_records import Store, combination, invalid, key_of, wrong_state
from localcloud.services.surroundings import security_groups, subnets
from localcloud.site import ACCOUNT_ID

VERSIONS = ("3.5.4", "3.6.1")
"""What DMS offers; the last one is what an instance without a wish gets."""
_VPC_ROLE = ("dms-vpc-role", "AmazonDMSVPCManagementRole")
_RETIRED = ("dms.t2.", "dms.c4.", "dms.r4.")
_CHANGED = (
    "ReplicationInstanceClass", "AllocatedStorage", "MultiAZ", "EngineVersion",
    "AutoMinorVersionUpgrade", "PreferredMaintenanceWindow", "NetworkType",
)  # fmt: skip


class Instances:
    """The operations on replication instances and subnet groups."""

    def __init__(self, cloud: Cloud) -> None:
        self.instances = Store(cloud, INSTANCE)
        self.groups = Store(cloud, SUBNET_GROUP)
        self._tasks = Store(cloud, TASK)
        self._configs = Store(cloud, CONFIG)

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        for name, handler in (
            ("CreateReplicationSubnetGroup", self._create_group),
            ("DescribeReplicationSubnetGroups", self._describe_groups),
            ("ModifyReplicationSubnetGroup", self._modify_group),
            ("DeleteReplicationSubnetGroup", self._delete_group),
            ("CreateReplicationInstance", self._create),
            ("DescribeReplicationInstances", self._describe),
            ("ModifyReplicationInstance", self._modify),
            ("DeleteReplicationInstance", self._delete),
            ("DescribeReplicationInstanceTaskLogs", self._task_logs),
        ):
            operations.handle("dms", name, handler)

    def _create_group(self, call: Call) -> Answer:
        if str(call.params["ReplicationSubnetGroupIdentifier"]).lower() == "default":
            raise invalid("ReplicationSubnetGroupIdentifier: default is reserved.")
        _check_role()
        record = {
            "ReplicationSubnetGroupDescription": call.params["ReplicationSubnetGroupDescription"],
            **_zones(call.region, call.params["SubnetIds"]),
        }
        return {"ReplicationSubnetGroup": self.groups.create(call, record)}

    def _describe_groups(self, call: Call) -> Answer:
        return self.groups.describe(call, "ReplicationSubnetGroups")

    def _modify_group(self, call: Call) -> Answer:
        record = self.groups.need(call.region, call.params["ReplicationSubnetGroupIdentifier"])
        changed = given(call.params, ("ReplicationSubnetGroupDescription",))
        changed |= _zones(call.region, call.params["SubnetIds"])
        return {"ReplicationSubnetGroup": self.groups.update(record, **changed)}

    def _delete_group(self, call: Call) -> Answer:
        record = self.groups.need(call.region, call.params["ReplicationSubnetGroupIdentifier"])
        name = record["ReplicationSubnetGroupIdentifier"]
        users = [i["_subnet_group"] for i in self.instances.all(call.region)]
        users += [
            c["ComputeConfig"]["ReplicationSubnetGroupId"] for c in self._configs.all(call.region)
        ]
        if name in users:
            raise wrong_state(f"The replication subnet group {name} is in use.")
        self.groups.drop(record)
        return {}

    def _create(self, call: Call) -> Answer:
        p = call.params
        _check_class(p["ReplicationInstanceClass"])
        if p.get("MultiAZ") and p.get("AvailabilityZone"):
            raise combination("AvailabilityZone can't be set if MultiAZ is true.")
        version = p.get("EngineVersion") or VERSIONS[-1]
        if version not in VERSIONS:
            raise invalid(f"No replication engine found with version: {version}")
        group = self.groups.need(call.region, p.get("ReplicationSubnetGroupIdentifier", "default"))
        groups = security_groups(call.region, p.get("VpcSecurityGroupIds"), group["VpcId"])
        zones = [s["SubnetAvailabilityZone"]["Name"] for s in group["Subnets"]]
        record = {
            "ReplicationInstanceClass": p["ReplicationInstanceClass"],
            "ReplicationInstanceStatus": "available",
            "AllocatedStorage": p.get("AllocatedStorage") or 50,
            "InstanceCreateTime": now(),
            "VpcSecurityGroups": [
                {"VpcSecurityGroupId": found, "Status": "active"} for found in groups
            ],
            "AvailabilityZone": p.get("AvailabilityZone") or zones[0],
            "_subnet_group": group["ReplicationSubnetGroupIdentifier"],
            "PreferredMaintenanceWindow": p.get("PreferredMaintenanceWindow")
            or "sun:06:00-sun:14:00",
            "PendingModifiedValues": {},
            "MultiAZ": bool(p.get("MultiAZ")),
            "EngineVersion": version,
            "AutoMinorVersionUpgrade": p.get("AutoMinorVersionUpgrade") is not False,
            **key_of(call),
            # DMS's own default, which nobody wants.
            "PubliclyAccessible": p.get("PubliclyAccessible") is not False,
            "ReplicationInstancePrivateIpAddresses": ["127.0.0.1"],
            "ReplicationInstancePrivateIpAddress": "127.0.0.1",
        }
        if record["MultiAZ"]:
            record["SecondaryAvailabilityZone"] = zones[1]
        return {"ReplicationInstance": self._shown(self.instances.create(call, record))}

    def _shown(self, record: Record) -> Record:
        group = self.groups.need(record["_region"], record["_subnet_group"])
        return {**record, "ReplicationSubnetGroup": group}

    def _describe(self, call: Call) -> Answer:
        return self.instances.describe(call, "ReplicationInstances", self._shown)

    def _modify(self, call: Call) -> Answer:
        p = call.params
        record = self.instances.need(call.region, p["ReplicationInstanceArn"])
        changed = given(p, _CHANGED)
        if "ReplicationInstanceClass" in changed:
            _check_class(changed["ReplicationInstanceClass"])
        if changed.get("EngineVersion", VERSIONS[-1]) not in VERSIONS:
            raise invalid(f"No replication engine found with version: {changed['EngineVersion']}")
        if p.get("VpcSecurityGroupIds"):
            group = self.groups.need(call.region, record["_subnet_group"])
            found = security_groups(call.region, p["VpcSecurityGroupIds"], group["VpcId"])
            changed["VpcSecurityGroups"] = [
                {"VpcSecurityGroupId": name, "Status": "active"} for name in found
            ]
        # The maintenance window never comes here, so that a change is made at once.
        return {"ReplicationInstance": self._shown(self.instances.update(record, **changed))}

    def _delete(self, call: Call) -> Answer:
        record = self.instances.need(call.region, call.params["ReplicationInstanceArn"])
        tasks = [
            task["ReplicationTaskIdentifier"]
            for task in self._tasks.all(call.region)
            if task["ReplicationInstanceArn"] == record["_arn"]
        ]
        if tasks:
            raise wrong_state(
                f"Replication instance {record['ReplicationInstanceIdentifier']} has tasks: "
                f"{', '.join(tasks)}"
            )
        shown = self._shown(record)
        self.instances.drop(record)
        return {"ReplicationInstance": {**shown, "ReplicationInstanceStatus": "deleting"}}

    def _task_logs(self, call: Call) -> Answer:
        return {"ReplicationInstanceTaskLogs": []}


def _check_role() -> None:
    role, policy = _VPC_ROLE
    backend = iam_backends[ACCOUNT_ID]["aws"]
    known = {found.name: found for found in backend.roles.values()}
    attached = (
        {found.rpartition("/")[2] for found in known[role].managed_policies}
        if role in known
        else set()
    )
    if policy not in attached:
        raise ApiError(
            "AccessDeniedFault",
            f"The IAM Role arn:aws:iam::{ACCOUNT_ID}:role/{role} is not configured properly.",
        )


def _zones(region: str, identifiers: list[str]) -> Record:
    members = subnets(region, identifiers)
    if len({member.zone for member in members}) < 2:
        raise ApiError(
            "ReplicationSubnetGroupDoesNotCoverEnoughAZs",
            "The replication subnet group does not cover enough Availability Zones (AZs). Edit "
            "the replication subnet group and add more AZs.",
        )
    return {
        "VpcId": members[0].vpc,
        "SubnetGroupStatus": "Complete",
        "SupportedNetworkTypes": ["IPV4"],
        "Subnets": [
            {
                "SubnetIdentifier": member.identifier,
                "SubnetAvailabilityZone": {"Name": member.zone},
                "SubnetStatus": "Active",
            }
            for member in members
        ],
    }


def _check_class(name: str) -> None:
    if not re.match(r"dms\.[a-z0-9]+\.[a-z0-9]+\Z", name) or name.startswith(_RETIRED):
        raise invalid(f"Invalid replication instance class: {name}")
