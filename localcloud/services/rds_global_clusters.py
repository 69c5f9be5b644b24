"""Aurora global clusters: what they are, who belongs to them, who of them writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.errors import LocalCloudError
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import EVERYWHERE, Cloud, resource_id
from localcloud.services.engine_versions import AURORA_MYSQL, resolve
from localcloud.services.rds_clusters import Clusters
from localcloud.services.surroundings import arn, name_of, region_of

_FROM_THE_SOURCE = ("Engine", "EngineVersion", "StorageEncrypted", "DatabaseName")
"""Members that are the source cluster's when there is one."""


def missing(name: str) -> ApiError:
    """There is no such global cluster."""
    return ApiError("GlobalClusterNotFoundFault", f"Global cluster {name} not found.", 404)


def bad_state(message: str) -> ApiError:
    """A global cluster that is not as the call needs it."""
    return ApiError("InvalidGlobalClusterStateFault", message)


class GlobalClusters:
    """Create, describe, modify, delete; members leave, and change their roles."""

    def __init__(self, cloud: Cloud, clusters: Clusters) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._clusters = clusters
        clusters.of_its_global_cluster = self._of_a_member

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "CreateGlobalCluster", self._create)
        operations.handle("rds", "DescribeGlobalClusters", self._describe)
        operations.handle("rds", "ModifyGlobalCluster", self._modify)
        operations.handle("rds", "DeleteGlobalCluster", self._delete)
        operations.handle("rds", "RemoveFromGlobalCluster", self._remove)
        operations.handle("rds", "SwitchoverGlobalCluster", self._switch_over)
        operations.handle("rds", "FailoverGlobalCluster", self._fail_over)

    def need(self, name: str) -> Record:
        """One global cluster. Raises ``GlobalClusterNotFoundFault``."""
        identifier = name_of(name)
        return self._cloud.need("global-cluster", EVERYWHERE, identifier, missing(name))

    def members(self, identifier: str) -> tuple[Ref, ...]:
        """Its clusters, the primary first."""
        return self._cloud.fleet.global_clusters.members(identifier)

    def record(self, member: Ref) -> Record:
        """A member's record."""
        return self._clusters.need(member.region, member.identifier)

    def _of_a_member(self, record: Record) -> Record:
        """What a describe call adds for a cluster that belongs to a global one."""
        ref = Ref(record["_region"], record["DBClusterIdentifier"])
        name = self._cloud.fleet.global_clusters.of(ref)
        if name is None:
            return {}
        found: Record = {"GlobalClusterIdentifier": name}
        primary = self.members(name)[0]
        if primary != ref:
            found["ReplicationSourceIdentifier"] = self.record(primary)["_arn"]
            found["GlobalWriteForwardingRequested"] = bool(record.get("_forwards"))
            # MariaDB has no such thing, whoever asks for it.
            found["GlobalWriteForwardingStatus"] = "disabled"
        return found

    def _shown(self, record: Record) -> Record:
        refs = self.members(record["GlobalClusterIdentifier"])
        arns = [self.record(ref)["_arn"] for ref in refs]
        rows = [
            {
                "DBClusterArn": member,
                "Readers": arns[1:] if number == 0 else [],
                "IsWriter": number == 0,
                "SynchronizationStatus": "connected",
                "GlobalWriteForwardingStatus": "disabled",
            }
            for number, member in enumerate(arns)
        ]
        return record | {"GlobalClusterMembers": rows}

    def _create(self, call: Call) -> Answer:
        p = call.params
        identifier = rules.check_identifier(
            "GlobalClusterIdentifier", p.get("GlobalClusterIdentifier") or ""
        )
        source = self._source(call)
        if source is not None:
            about = source
        elif p.get("Engine") != AURORA_MYSQL.name:
            raise rules.refuse(
                f"Invalid engine: {p.get('Engine')} (the local cloud serves {AURORA_MYSQL.name})"
            )
        else:
            rules.check_database_name(p.get("DatabaseName"))
            about = {**p, "EngineVersion": resolve(AURORA_MYSQL, p.get("EngineVersion"))}
        # Its ARN names no region.
        its_arn = arn("rds", "", "global-cluster", identifier)
        record: Record = {
            "GlobalClusterIdentifier": identifier,
            "GlobalClusterArn": its_arn,
            "_arn": its_arn,
            "GlobalClusterResourceId": resource_id("cluster-"),
            "Status": "available",
            "Engine": AURORA_MYSQL.name,
            "EngineVersion": about["EngineVersion"],
            "StorageEncrypted": bool(about.get("StorageEncrypted")),
            "DeletionProtection": bool(p.get("DeletionProtection")),
            "TagList": p.get("Tags") or [],
        }
        if about.get("DatabaseName"):
            record["DatabaseName"] = about["DatabaseName"]
        with self._records.change():
            if self._records.get("global-cluster", EVERYWHERE, identifier):
                raise ApiError("GlobalClusterAlreadyExistsFault", "Global cluster already exists")
            self._records.put("global-cluster", EVERYWHERE, identifier, record)
        if source is not None:
            ref = Ref(source["_region"], source["DBClusterIdentifier"])
            self._cloud.fleet.global_clusters.join(identifier, ref)
        return {"GlobalCluster": self._shown(record)}

    def _source(self, call: Call) -> Record | None:
        p = call.params
        wanted = p.get("SourceDBClusterIdentifier")
        if not wanted:
            return None
        for member in _FROM_THE_SOURCE:
            if p.get(member):
                raise rules.combination(
                    f"{member} can not be specified with SourceDBClusterIdentifier."
                )
        source = self._clusters.need(call.region, wanted)
        if source["Engine"] != AURORA_MYSQL.name:
            raise rules.refuse(
                f"Invalid engine: {source['Engine']} (the local cloud has global databases of "
                f"{AURORA_MYSQL.name} only)"
            )
        ref = Ref(source["_region"], source["DBClusterIdentifier"])
        if self._cloud.fleet.global_clusters.of(ref) is not None:
            raise ApiError(
                "InvalidDBClusterStateFault", f"{wanted} belongs to a global cluster already."
            )
        return source

    def _describe(self, call: Call) -> Answer:
        p = call.params
        if p.get("GlobalClusterIdentifier"):
            return {"GlobalClusters": [self._shown(self.need(p["GlobalClusterIdentifier"]))]}
        found = [self._shown(record) for record in self._records.all("global-cluster")]
        for wish in p.get("Filters") or []:
            if wish["Name"] != "db-cluster-id":
                raise rules.refuse(f"Unrecognized filter name: {wish['Name']}")
            values = set(wish["Values"])
            found = [
                record
                for record in found
                if values & {m["DBClusterArn"] for m in record["GlobalClusterMembers"]}
            ]
        return page(call, "GlobalClusters", found)

    def _modify(self, call: Call) -> Answer:
        p = call.params
        record = self.need(p.get("GlobalClusterIdentifier") or "")
        identifier = record["GlobalClusterIdentifier"]
        if p.get("NewGlobalClusterIdentifier") not in (None, identifier):
            raise rules.refuse("The local cloud does not rename global clusters.")
        values: dict[str, Any] = {}
        if p.get("DeletionProtection") is not None:
            values["DeletionProtection"] = p["DeletionProtection"]
        if p.get("EngineVersion"):
            values["EngineVersion"] = resolve(AURORA_MYSQL, p["EngineVersion"])
        with self._records.change():
            self._records.update("global-cluster", EVERYWHERE, identifier, **values)
            if "EngineVersion" in values:
                self._spread(identifier, values["EngineVersion"])
        return {"GlobalCluster": self._shown(self.need(identifier))}

    def _spread(self, identifier: str, version: str) -> None:
        for region, name in ((ref.region, ref.identifier) for ref in self.members(identifier)):
            self._records.update("cluster", region, name, EngineVersion=version)
            for member in self._clusters.members(region, name):
                instance = member["DBInstanceIdentifier"]
                self._records.update("instance", region, instance, EngineVersion=version)

    def _delete(self, call: Call) -> Answer:
        record = self.need(call.params["GlobalClusterIdentifier"])
        identifier = record["GlobalClusterIdentifier"]
        if record["DeletionProtection"]:
            raise rules.combination(
                "Cannot delete protected Global Cluster, please disable deletion protection and "
                "try again."
            )
        if self.members(identifier):
            raise bad_state(f"Global Cluster {record['_arn']} is not empty")
        self._records.drop("global-cluster", EVERYWHERE, identifier)
        return {"GlobalCluster": record | {"Status": "deleting", "GlobalClusterMembers": []}}

    def _remove(self, call: Call) -> Answer:
        p = call.params
        record = self.need(p.get("GlobalClusterIdentifier") or "")
        ref = self._member(record, call, p.get("DbClusterIdentifier") or "")
        primary, *secondaries = self.members(record["GlobalClusterIdentifier"])
        if ref == primary and secondaries:
            raise bad_state(
                "Unable to remove cluster that is a primary member of global cluster while there "
                "are other global cluster members."
            )
        self._cloud.fleet.global_clusters.leave(ref)
        self._clusters.tell(self.record(ref), "Removed from the global cluster", "notification")
        return {"GlobalCluster": self._shown(record)}

    def _switch_over(self, call: Call) -> Answer:
        return self._change(call, planned=True)

    def _fail_over(self, call: Call) -> Answer:
        p = call.params
        if p.get("AllowDataLoss") and p.get("Switchover"):
            raise rules.combination("AllowDataLoss and Switchover can not be specified together.")
        return self._change(call, planned=not p.get("AllowDataLoss"))

    def _change(self, call: Call, *, planned: bool) -> Answer:
        p = call.params
        record = self.need(p["GlobalClusterIdentifier"])
        identifier = record["GlobalClusterIdentifier"]
        new = self._member(record, call, p["TargetDbClusterIdentifier"])
        old = self.members(identifier)[0]
        if new == old:
            raise bad_state(f"{new.identifier} is the primary of {identifier} already.")
        if not self._clusters.members(new.region, new.identifier):
            raise ApiError(
                "InvalidDBClusterStateFault",
                f"{new.identifier} has no DB instance that could take over.",
            )
        what = "switchover" if planned else "failover"
        worldwide = self._cloud.fleet.global_clusters
        act: Callable[[Ref], None] = worldwide.switch_over if planned else worldwide.fail_over
        self._tell(old, f"Global {what} to DB cluster {new.identifier} in {new.region} started.")
        try:
            act(new)
        except LocalCloudError as error:
            self._tell(old, f"Global {what} to DB cluster {new.identifier} failed.")
            raise bad_state(f"The {what} to {new.identifier} failed: {error}") from error
        self._tell(new, f"Global {what} to DB cluster {new.identifier} in {new.region} finished.")
        return {"GlobalCluster": self._shown(record)}

    def _tell(self, member: Ref, message: str) -> None:
        self._clusters.tell(self.record(member), message, "global-failover")

    def _member(self, record: Record, call: Call, name: str) -> Ref:
        """A member by ARN, as the API wants it for a cluster of another region."""
        ref = Ref(region_of(name, call.region), name_of(name))
        if ref not in self.members(record["GlobalClusterIdentifier"]):
            raise ApiError(
                "DBClusterNotFoundFault",
                f"{name} is no member of {record['GlobalClusterIdentifier']}; name it by its ARN.",
                404,
            )
        return ref
