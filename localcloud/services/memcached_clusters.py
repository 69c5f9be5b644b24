"""ElastiCache memcached clusters: create and describe."""

from __future__ import annotations

import logging
from typing import Any

from localcloud.api import Answer, ApiError, Call, Handler, Operations, given, now, page
from localcloud.errors import LocalCloudError
from localcloud.fleet import Address, Ref
from localcloud.records import Record
from localcloud.services import cache_rules
from localcloud.services import memcached_rules as rules
from localcloud.services.cache_parameters import CacheParameterGroups
from localcloud.services.context import Cloud
from localcloud.services.subnet_groups import SubnetGroups
from localcloud.services.surroundings import arn, name_of, security_groups

log = logging.getLogger(__name__)

KIND = "cache-cluster"
_EVERYTHING = 10_000
_AS_GIVEN = ("NotificationTopicArn",)


class MemcachedClusters:
    """Cache clusters of engine memcached; those of replication groups are others' to describe."""

    def __init__(
        self, cloud: Cloud, subnets: SubnetGroups, parameters: CacheParameterGroups
    ) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._subnets = subnets
        self._parameters = parameters
        self._of_groups: Handler

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module; a replication group's nodes stay in the list."""
        operations.handle("elasticache", "CreateCacheCluster", self._create)
        self._of_groups = operations.take_over(
            "elasticache", "DescribeCacheClusters", self._describe
        )

    def need(self, region: str, name: str) -> Record:
        """One cluster by identifier or ARN. Raises ``CacheClusterNotFound``."""
        return self._cloud.need(KIND, region, name_of(name), rules.missing(name))

    def need_available(self, region: str, name: str) -> Record:
        """A cluster that is not in the middle of something."""
        record = self.need(region, name)
        if record["CacheClusterStatus"] != "available":
            raise ApiError(
                "InvalidCacheClusterState",
                f"Cache cluster {name} is {record['CacheClusterStatus']}, not available.",
            )
        return record

    def tell(self, record: Record, message: str) -> None:
        """Leave an event of a cluster."""
        source = (KIND, record["CacheClusterId"], record["_arn"])
        self._cloud.event("elasticache", record["_region"], source, message)

    def zones_for(
        self, region: str, subnet_group: str, wanted: list[str], mode: str | None, count: int
    ) -> list[str]:
        """A zone for each of ``count`` nodes: as wanted, or by the mode over the subnet group's."""
        zones = self._subnets.zones(self._subnets.find(region, subnet_group))
        if wanted and len(wanted) != count:
            raise cache_rules.combination(
                "The number of Availability Zones must equal the number of nodes: "
                f"{len(wanted)} zones for {count}."
            )
        strange = [zone for zone in wanted if zone not in zones]
        if strange:
            raise cache_rules.value(
                f"{strange[0]} is not an availability zone of subnet group {subnet_group}: "
                f"{', '.join(zones)}"
            )
        spread = zones if mode == "cross-az" else zones[:1]
        return wanted or [spread[n % len(spread)] for n in range(count)]

    def _create(self, call: Call) -> Answer:
        name = rules.cluster_id(call.params["CacheClusterId"])
        record = self._record(call, name)
        with self._records.change():
            if self._records.get(KIND, call.region, name):
                raise ApiError("CacheClusterAlreadyExists", f"Cache cluster {name} already exists.")
            self._records.put(KIND, call.region, name, record)
        values = self._parameters.values(call.region, record["_parameter_group"])
        try:
            self._cloud.fleet.memcached.create(
                Ref(call.region, name),
                list(record["_zones"]),
                record["TransitEncryptionEnabled"],
                values,
            )
        except LocalCloudError as error:
            self._records.drop(KIND, call.region, name)
            log.exception("create of cache cluster %s failed", name)
            raise ApiError("InternalFailure", f"{name}: {error}", 500) from error
        except BaseException:
            self._records.drop(KIND, call.region, name)
            raise
        with self._records.change():
            self._records.update(KIND, call.region, name, CacheClusterStatus="available")
            self.tell(record, "Cache cluster created")
        return {"CacheCluster": self.shown(self.need(call.region, name))}

    def _record(self, call: Call, name: str) -> Record:
        p, region = call.params, call.region
        rules.check_new(p)
        count = rules.check_count(p.get("NumCacheNodes"))
        vpc = self._subnets.find(region, p.get("CacheSubnetGroupName"))
        subnet_group = vpc["CacheSubnetGroupName"]
        one = p.get("PreferredAvailabilityZone")
        wanted = p.get("PreferredAvailabilityZones") or ([one] * count if one else [])
        mode = p.get("AZMode")
        zones = self.zones_for(region, subnet_group, wanted, mode, count)
        rules.check_mode(mode, count, zones)
        groups = security_groups(region, p.get("SecurityGroupIds"), vpc["VpcId"])
        version = rules.version(p.get("EngineVersion"))
        record: Record = {
            "CacheClusterId": name,
            "ARN": arn("elasticache", region, "cluster", name),
            "_arn": arn("elasticache", region, "cluster", name),
            "_region": region,
            "_zones": {f"{n:04d}": zone for n, zone in enumerate(zones, 1)},
            "_mode": mode or "single-az",
            "_parameter_group": self._parameters.group_for(
                region, p.get("CacheParameterGroupName"), rules.FAMILY, clustered=False
            ),
            "_subnet_group": subnet_group,
            "CacheSubnetGroupName": subnet_group,
            "CacheNodeType": p["CacheNodeType"],
            "Engine": "memcached",
            "EngineVersion": version,
            "CacheClusterStatus": "creating",
            "CacheClusterCreateTime": now(),
            "PreferredMaintenanceWindow": p.get("PreferredMaintenanceWindow")
            or "sun:05:00-sun:06:00",
            "PendingModifiedValues": {},
            "CacheSecurityGroups": [],
            "SecurityGroups": [{"SecurityGroupId": g, "Status": "active"} for g in groups],
            "AutoMinorVersionUpgrade": p.get("AutoMinorVersionUpgrade", True),
            "SnapshotRetentionLimit": 0,
            "AuthTokenEnabled": False,
            "TransitEncryptionEnabled": bool(p.get("TransitEncryptionEnabled")),
            "AtRestEncryptionEnabled": False,
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
            "LogDeliveryConfigurations": [],
            "TagList": p.get("Tags") or [],
        }
        return record | given(p, _AS_GIVEN)

    def shown(self, record: Record, *, with_nodes: bool = False) -> Record:
        """The record with its addresses; nodes only for who asks, as the API does."""
        zones: dict[str, str] = record["_zones"]
        row = record | {
            "NumCacheNodes": len(zones),
            "PreferredAvailabilityZone": (
                "Multiple" if len(set(zones.values())) > 1 else next(iter(zones.values()))
            ),
            "CacheParameterGroup": {
                "CacheParameterGroupName": record["_parameter_group"],
                "ParameterApplyStatus": "in-sync",
                "CacheNodeIdsToReboot": [],
            },
        }
        if record["CacheClusterStatus"] in ("creating", "deleting"):
            return row
        ref = Ref(record["_region"], record["CacheClusterId"])
        addresses = self._cloud.fleet.memcached.addresses(ref)
        row["ConfigurationEndpoint"] = _endpoint(addresses.configuration)
        if with_nodes:
            row["CacheNodes"] = [
                {
                    "CacheNodeId": node,
                    "CacheNodeStatus": "available",
                    "CacheNodeCreateTime": record["CacheClusterCreateTime"],
                    "Endpoint": _endpoint(addresses.nodes[node]),
                    "ParameterGroupStatus": "in-sync",
                    "CustomerAvailabilityZone": zone,
                }
                for node, zone in zones.items()
                if node in addresses.nodes
            ]
        return row

    def _describe(self, call: Call) -> Answer:
        p = call.params
        with_nodes, wanted = bool(p.get("ShowCacheNodeInfo")), p.get("CacheClusterId")
        if wanted and self._records.get(KIND, call.region, wanted.lower()):
            row = self.shown(self.need(call.region, wanted), with_nodes=with_nodes)
            return page(call, "CacheClusters", [row])
        if wanted:
            return self._of_groups(call)
        # All of theirs at once: the pages are cut here, over both.
        whole = {**p, "Marker": None, "MaxRecords": _EVERYTHING}
        theirs = self._of_groups(Call(call.service, call.operation, call.region, whole))
        ours: list[dict[str, Any]] = [
            self.shown(record, with_nodes=with_nodes)
            for record in self._records.all(KIND, call.region)
        ]
        return page(call, "CacheClusters", [*theirs["CacheClusters"], *ours])


def _endpoint(address: Address) -> dict[str, Any]:
    return {"Address": address.host, "Port": address.port}
