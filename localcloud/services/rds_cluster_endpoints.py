"""Custom endpoints of Aurora clusters: an address that leads to some of the members."""

from __future__ import annotations

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud, resource_id
from localcloud.services.rds_clusters import Clusters
from localcloud.services.surroundings import arn, name_of

MOST_ENDPOINTS = 5


class ClusterEndpoints:
    """Custom endpoints: a name for some of a cluster's members."""

    def __init__(self, cloud: Cloud, clusters: Clusters) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._clusters = clusters

    def register(self, operations: Operations) -> None:
        """Answer the operations on custom endpoints."""
        operations.handle("rds", "CreateDBClusterEndpoint", self._create)
        operations.handle("rds", "DescribeDBClusterEndpoints", self._describe)
        operations.handle("rds", "ModifyDBClusterEndpoint", self._modify)
        operations.handle("rds", "DeleteDBClusterEndpoint", self._delete)

    def _need(self, call: Call) -> Record:
        name = name_of(call.params["DBClusterEndpointIdentifier"])
        error = ApiError("DBClusterEndpointNotFoundFault", f"DBClusterEndpoint {name} not found.")
        return self._cloud.need("cluster-endpoint", call.region, name, error)

    def _reached(self, region: str, record: Record) -> list[str]:
        identifier = record["DBClusterIdentifier"]
        names = [m["DBInstanceIdentifier"] for m in self._clusters.members(region, identifier)]
        static = record["StaticMembers"]
        for name in [*static, *record["ExcludedMembers"]]:
            if name not in names:
                raise ApiError("DBInstanceNotFound", f"DBInstance {name} not found.", 404)
        if static:
            return list(static)
        return [n for n in names if n not in record["ExcludedMembers"]]

    def _create(self, call: Call) -> Answer:
        p = call.params
        name = rules.check_identifier(
            "DBClusterEndpointIdentifier", p["DBClusterEndpointIdentifier"]
        )
        cluster = self._clusters.need(call.region, p["DBClusterIdentifier"])
        if p.get("EndpointType") not in ("READER", "ANY"):
            raise rules.refuse("EndpointType must be READER or ANY.")
        record: Record = {
            "DBClusterEndpointIdentifier": name,
            "DBClusterIdentifier": cluster["DBClusterIdentifier"],
            "DBClusterEndpointResourceIdentifier": resource_id("cluster-endpoint-"),
            "DBClusterEndpointArn": arn("rds", call.region, "cluster-endpoint", name),
            "_arn": arn("rds", call.region, "cluster-endpoint", name),
            "Status": "available",
            "EndpointType": "CUSTOM",
            "CustomEndpointType": p["EndpointType"],
            "StaticMembers": [m.lower() for m in p.get("StaticMembers") or []],
            "ExcludedMembers": [m.lower() for m in p.get("ExcludedMembers") or []],
            "TagList": p.get("Tags") or [],
        }
        self._check_lists(record)
        with self._records.change():
            if self._records.get("cluster-endpoint", call.region, name):
                raise ApiError(
                    "DBClusterEndpointAlreadyExistsFault", f"Endpoint {name} already exists."
                )
            if len(self._of(call.region, record["DBClusterIdentifier"])) >= MOST_ENDPOINTS:
                raise ApiError(
                    "DBClusterEndpointQuotaExceededFault",
                    f"A cluster has at most {MOST_ENDPOINTS} custom endpoints.",
                )
            self._records.put("cluster-endpoint", call.region, name, record)
        try:
            record = self._apply(call.region, record)
        except BaseException:
            self._records.drop("cluster-endpoint", call.region, name)
            raise
        return record

    def _check_lists(self, record: Record) -> None:
        if record["StaticMembers"] and record["ExcludedMembers"]:
            raise rules.combination("StaticMembers and ExcludedMembers exclude each other.")

    def _apply(self, region: str, record: Record) -> Record:
        name = record["DBClusterEndpointIdentifier"]
        members = self._reached(region, record)
        ref = Ref(region, record["DBClusterIdentifier"])
        address = self._cloud.fleet.clusters.set_custom_endpoint(ref, name, members)
        record = record | {"Endpoint": address.host}
        self._records.put("cluster-endpoint", region, name, record)
        return record

    def _of(self, region: str, cluster: str) -> list[Record]:
        found = self._records.all("cluster-endpoint", region)
        return [e for e in found if e["DBClusterIdentifier"] == cluster]

    def _describe(self, call: Call) -> Answer:
        p = call.params
        found = self._records.all("cluster-endpoint", call.region)
        for cluster in self._records.all("cluster", call.region):
            for kind, member in (("WRITER", "Endpoint"), ("READER", "ReaderEndpoint")):
                built_in = {
                    "DBClusterIdentifier": cluster["DBClusterIdentifier"],
                    "Endpoint": cluster.get(member),
                    "Status": cluster["Status"],
                    "EndpointType": kind,
                }
                found.append(built_in)
        if p.get("DBClusterIdentifier"):
            cluster_name = self._clusters.need(call.region, p["DBClusterIdentifier"])
            wanted = cluster_name["DBClusterIdentifier"]
            found = [e for e in found if e["DBClusterIdentifier"] == wanted]
        if p.get("DBClusterEndpointIdentifier"):
            found = [self._need(call)]
        members = {
            "db-cluster-endpoint-type": "EndpointType",
            "db-cluster-endpoint-custom-type": "CustomEndpointType",
            "db-cluster-endpoint-id": "DBClusterEndpointIdentifier",
            "db-cluster-endpoint-status": "Status",
        }
        for wish in p.get("Filters") or []:
            member = members.get(wish["Name"], "")
            values = {v.lower() for v in wish["Values"]}
            found = [e for e in found if str(e.get(member, "")).lower() in values]
        return page(call, "DBClusterEndpoints", found)

    def _modify(self, call: Call) -> Answer:
        p = call.params
        record = self._need(call)
        if p.get("EndpointType"):
            if p["EndpointType"] not in ("READER", "ANY"):
                raise rules.refuse("EndpointType must be READER or ANY.")
            record["CustomEndpointType"] = p["EndpointType"]
        for member, other in (
            ("StaticMembers", "ExcludedMembers"),
            ("ExcludedMembers", "StaticMembers"),
        ):
            if p.get(member):
                record[member] = [m.lower() for m in p[member]]
                if not p.get(other):
                    record[other] = []
        self._check_lists(record)
        return self._apply(call.region, record)

    def _delete(self, call: Call) -> Answer:
        record = self._need(call)
        name = record["DBClusterEndpointIdentifier"]
        ref = Ref(call.region, record["DBClusterIdentifier"])
        self._cloud.fleet.clusters.delete_custom_endpoint(ref, name)
        self._records.drop("cluster-endpoint", call.region, name)
        return record | {"Status": "deleting"}
