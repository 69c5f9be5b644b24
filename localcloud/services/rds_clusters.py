"""DB clusters: create and describe. Their members are instances, in `rds_cluster_members`."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.api import Answer, ApiError, Call, Operations, now, page
from localcloud.fleet import Credentials, Ref
from localcloud.records import Record
from localcloud.services import rds_cluster_records, rds_multi_az, rds_scaling
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud
from localcloud.services.engine_versions import AURORA
from localcloud.services.rds_cluster_members import ClusterMembers
from localcloud.services.rds_cluster_records import Joining
from localcloud.services.rds_instances import Instances
from localcloud.services.rds_multi_az import MultiAZ
from localcloud.services.rds_parameters import CLUSTER, values_of
from localcloud.services.subnet_groups import SubnetGroups
from localcloud.services.surroundings import name_of, region_of

_FILTERS = {
    "db-cluster-id": "DBClusterIdentifier",
    "db-cluster-resource-id": "DbClusterResourceId",
    "engine": "Engine",
}
_ENGINES = {engine.name: engine for engine in AURORA} | rds_multi_az.ENGINES


def missing(name: str) -> ApiError:
    """There is no such cluster."""
    return ApiError("DBClusterNotFoundFault", f"DBCluster {name} not found.", 404)


class Clusters:
    """Create and describe; change and delete are in `rds_cluster_changes`."""

    def __init__(self, cloud: Cloud, instances: Instances, groups: SubnetGroups) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._groups = groups
        instances.member_record = ClusterMembers(cloud, instances, groups, self.need).record
        self.multi_az = MultiAZ(cloud, instances, groups)
        # The global clusters' modules put their own here.
        self.joining: Callable[[Call, str], Joining | None] = lambda call, identifier: None
        self.of_its_global_cluster: Callable[[Record], Record] = lambda record: {}

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "CreateDBCluster", self._create)
        operations.handle("rds", "DescribeDBClusters", self._describe)

    def need(self, region: str, name: str) -> Record:
        """One cluster by identifier or ARN. Raises ``DBClusterNotFoundFault``."""
        identifier = name_of(name)
        return self._cloud.need("cluster", region_of(name, region), identifier, missing(name))

    def members(self, region: str, identifier: str) -> list[Record]:
        """The records of a cluster's members, in the order they were made."""
        return [
            i
            for i in self._records.all("instance", region)
            if i.get("DBClusterIdentifier") == identifier and i["DBInstanceStatus"] != "deleting"
        ]

    def tell(self, record: Record, message: str, category: str) -> None:
        """Leave an event of a cluster."""
        source = ("db-cluster", record["DBClusterIdentifier"], record["_arn"])
        self._cloud.event("rds", record["_region"], source, message, (category,))

    def shown(self, record: Record) -> Record:
        """The record with its members and the writer the servers have now."""
        region, identifier = record["_region"], record["DBClusterIdentifier"]
        record = record | self.of_its_global_cluster(record)
        members = self.members(region, identifier)
        if not members:
            return record | {"DBClusterMembers": []}
        writer = self._cloud.fleet.clusters.state(Ref(region, identifier)).writer
        if writer is not None and writer != record.get("_writer"):
            with self._records.change():
                fresh = self.need(region, identifier)
                if fresh.get("_writer") is not None and fresh["_writer"] != writer:
                    message = f"Completed failover to DB instance: {writer}"
                    self.tell(fresh, message, "failover")
                self._records.update("cluster", region, identifier, _writer=writer)
        return record | {
            "DBClusterMembers": [
                {
                    "DBInstanceIdentifier": member["DBInstanceIdentifier"],
                    "IsClusterWriter": member["DBInstanceIdentifier"] == writer,
                    "DBClusterParameterGroupStatus": "in-sync",
                    "PromotionTier": member["PromotionTier"],
                }
                for member in members
            ]
        }

    def _create(self, call: Call) -> Answer:
        p = call.params
        identifier = rules.check_identifier("DBClusterIdentifier", p["DBClusterIdentifier"])
        engine = _ENGINES.get(str(p.get("Engine")))
        if engine is None:
            raise rules.refuse(
                f"Invalid DB cluster engine: {p.get('Engine')} (the local cloud serves "
                f"{', '.join(_ENGINES)})"
            )
        joining, members = None, []
        if engine.aurora:
            joining = self.joining(call, identifier)
            record = rds_cluster_records.aurora(self._cloud, self._groups, call, engine, joining)
        else:
            record = rds_multi_az.new_record(self._cloud, self._groups, call, engine)
        with self._records.change():
            if self._records.get("cluster", call.region, identifier):
                raise ApiError("DBClusterAlreadyExistsFault", "DB Cluster already exists")
            if not engine.aurora:
                members = self.multi_az.reserve(record)
            self._records.put("cluster", call.region, identifier, record)
        ref = Ref(call.region, identifier)
        credentials = Credentials(record["MasterUsername"], p.get("MasterUserPassword") or "")
        group = record["DBClusterParameterGroup"]
        values = values_of(self._cloud, CLUSTER, call.region, group)
        try:
            if joining is not None:
                # First: a member of it must never be taken for one that writes.
                self._cloud.fleet.global_clusters.join(joining.worldwide, ref)
            found = self._cloud.fleet.clusters.create(
                ref, credentials, p.get("DatabaseName"), values, engine=engine.name
            )
            self._cloud.fleet.clusters.set_scaling(ref, rds_scaling.scaling_of(record))
            addresses = self.multi_az.start(record, members)
        except BaseException:
            self.multi_az.forget(call.region, (m["DBInstanceIdentifier"] for m in members))
            self._records.drop("cluster", call.region, identifier)
            self._cloud.fleet.clusters.delete(ref)
            raise
        with self._records.change():
            self._records.update(
                "cluster",
                call.region,
                identifier,
                Status="available",
                Endpoint=found.writer.host,
                ReaderEndpoint=found.reader.host,
                Port=found.writer.port,
                ClusterCreateTime=now(),
            )
            self.multi_az.finish(record, addresses)
            self.tell(record, "DB cluster created", "creation")
        return {"DBCluster": self.shown(self.need(call.region, identifier))}

    def _describe(self, call: Call) -> Answer:
        p = call.params
        if p.get("DBClusterIdentifier"):
            wanted = p["DBClusterIdentifier"]
            return {"DBClusters": [self.shown(self.need(call.region, wanted))]}
        found = self._records.all("cluster", call.region)
        for wish in p.get("Filters") or []:
            member = _FILTERS.get(wish["Name"])
            if member is None:
                raise rules.refuse(f"Unrecognized filter name: {wish['Name']}")
            by_id = member == "DBClusterIdentifier"
            values = {name_of(v) if by_id else v for v in wish["Values"]}
            found = [record for record in found if record[member] in values]
        return page(call, "DBClusters", [self.shown(record) for record in found])
