"""Subnet groups of RDS and of ElastiCache: the same thing under two names."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.surroundings import arn, default_subnets, name_of, subnets


@dataclass(frozen=True)
class Flavor:
    """What differs between the two services; ``users`` = (record kind, member) that refer to it."""

    service: str
    kind: str
    arn_kind: str
    noun: str
    prefix: str
    missing_code: str
    exists_code: str
    in_use_code: str
    least_zones: int
    users: tuple[tuple[str, str], ...]
    arn_member: str


RDS = Flavor(
    "rds", "subnet-group", "subgrp", "DBSubnetGroup", "DBSubnetGroup", "DBSubnetGroupNotFoundFault",
    "DBSubnetGroupAlreadyExists", "InvalidDBSubnetGroupStateFault", 2,
    (("instance", "_subnet_group"), ("cluster", "DBSubnetGroup")), "DBSubnetGroupArn",
)  # fmt: skip
CACHE = Flavor(
    "elasticache", "cache-subnet-group", "subnetgroup", "CacheSubnetGroup", "CacheSubnetGroup",
    "CacheSubnetGroupNotFoundFault", "CacheSubnetGroupAlreadyExists", "CacheSubnetGroupInUse", 1,
    (("replication-group", "_subnet_group"), ("cache-cluster", "_subnet_group")), "ARN",
)  # fmt: skip


class SubnetGroups:
    """The operations on one flavor of subnet groups."""

    def __init__(self, cloud: Cloud, flavor: Flavor) -> None:
        self._cloud = cloud
        self._flavor = flavor

    def register(self, operations: Operations) -> None:
        """Answer create, describe, modify and delete."""
        f = self._flavor
        operations.handle(f.service, f"Create{f.noun}", self._create)
        operations.handle(f.service, f"Describe{f.noun}s", self._describe)
        operations.handle(f.service, f"Modify{f.noun}", self._modify)
        operations.handle(f.service, f"Delete{f.noun}", self._delete)

    def find(self, region: str, name: str | None) -> Record:
        """The named group, or the region's ``default`` over the default VPC.

        Raises the service's not-found error.
        """
        f = self._flavor
        wanted = name_of(name) if name else "default"
        record = self._cloud.records.get(f.kind, region, wanted)
        if record is None and wanted == "default":
            return self._record(region, "default", "default", [])
        if record is None:
            raise ApiError(f.missing_code, f"{f.noun} '{name}' does not exist.", 404)
        return record

    def zones(self, group: Record) -> list[str]:
        """Availability zones the group covers, sorted."""
        names = {s["SubnetAvailabilityZone"]["Name"] for s in group["Subnets"]}
        return sorted(names)

    def _record(self, region: str, name: str, description: str, identifiers: list[str]) -> Record:
        f = self._flavor
        members = subnets(region, identifiers) if identifiers else default_subnets(region)
        zones = {s.zone for s in members}
        if len(zones) < f.least_zones:
            raise ApiError(
                "DBSubnetGroupDoesNotCoverEnoughAZs",
                "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
                f"Current AZ coverage: {', '.join(sorted(zones))}. Add subnets to cover at least "
                f"{f.least_zones} AZs.",
            )
        if len({s.vpc for s in members}) > 1:
            raise ApiError("InvalidSubnet", "The subnets of one group must be in one VPC.")
        return {
            f"{f.prefix}Name": name,
            f"{f.prefix}Description": description,
            "VpcId": members[0].vpc,
            "SubnetGroupStatus": "Complete",
            "Subnets": [
                {
                    "SubnetIdentifier": s.identifier,
                    "SubnetAvailabilityZone": {"Name": s.zone},
                    "SubnetStatus": "Active",
                }
                for s in members
            ],
            f.arn_member: arn(f.service, region, f.arn_kind, name),
            "_arn": arn(f.service, region, f.arn_kind, name),
            "SupportedNetworkTypes": ["IPV4"] if f.service == "rds" else ["ipv4"],
        }

    def _create(self, call: Call) -> Answer:
        f, p = self._flavor, call.params
        name = p[f"{f.prefix}Name"].lower()
        description = p[f"{f.prefix}Description"]
        record = self._record(call.region, name, description, p["SubnetIds"])
        record["TagList"] = p.get("Tags", [])
        with self._cloud.records.change():
            if self._cloud.records.get(f.kind, call.region, name):
                raise ApiError(f.exists_code, f"The {f.noun} '{name}' already exists.")
            self._cloud.records.put(f.kind, call.region, name, record)
        return {f.noun: record}

    def _describe(self, call: Call) -> Answer:
        f, wanted = self._flavor, call.params.get(f"{self._flavor.prefix}Name")
        if wanted:
            return page(call, f"{f.noun}s", [self.find(call.region, wanted)])
        groups = self._cloud.records.all(f.kind, call.region)
        return page(call, f"{f.noun}s", groups)

    def _modify(self, call: Call) -> Answer:
        f, p = self._flavor, call.params
        with self._cloud.records.change():
            old = self.find(call.region, p[f"{f.prefix}Name"])
            name = old[f"{f.prefix}Name"]
            text = p.get(f"{f.prefix}Description") or old[f"{f.prefix}Description"]
            identifiers = p.get("SubnetIds") or [s["SubnetIdentifier"] for s in old["Subnets"]]
            record = self._record(call.region, name, text, identifiers)
            record["TagList"] = old.get("TagList", [])
            self._cloud.records.put(f.kind, call.region, name, record)
        return {f.noun: record}

    def _delete(self, call: Call) -> Answer:
        f = self._flavor
        with self._cloud.records.change():
            name = self.find(call.region, call.params[f"{f.prefix}Name"])[f"{f.prefix}Name"]
            for kind, member in f.users:
                for record in self._cloud.records.all(kind, call.region):
                    if record.get(member) == name:
                        raise ApiError(
                            f.in_use_code, f"Cannot delete the subnet group '{name}': in use."
                        )
            self._cloud.records.drop(f.kind, call.region, name)
        return {}
