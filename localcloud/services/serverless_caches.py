"""ElastiCache serverless caches."""

from __future__ import annotations

import logging
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, now
from localcloud.errors import LocalCloudError
from localcloud.fleet import Address, Ref
from localcloud.records import Record
from localcloud.services import serverless_rules as rules
from localcloud.services.cache_rules import combination
from localcloud.services.context import Cloud, changed
from localcloud.services.surroundings import (
    arn,
    default_subnets,
    key_arn,
    name_of,
    security_groups,
    subnets,
)

log = logging.getLogger(__name__)

KIND = "serverless-cache"
_MOST_SUBNETS = 3
_MODIFIED = ("Description", "SnapshotRetentionLimit", "DailySnapshotTime", "CacheUsageLimits")


class ServerlessCaches:
    """Create, describe, modify, delete."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._records = cloud.records

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("elasticache", "CreateServerlessCache", self._create)
        operations.handle("elasticache", "DescribeServerlessCaches", self._describe)
        operations.handle("elasticache", "ModifyServerlessCache", self._modify)
        operations.handle("elasticache", "DeleteServerlessCache", self._delete)

    def _need(self, region: str, name: str) -> Record:
        return self._cloud.need(KIND, region, name_of(name), rules.missing(name))

    def _need_available(self, region: str, name: str) -> Record:
        record = self._need(region, name)
        if record["Status"] != "available":
            raise ApiError(
                "InvalidServerlessCacheStateFault",
                f"ServerlessCache {name} is {record['Status']}, not available.",
            )
        return record

    def _tell(self, record: Record, message: str) -> None:
        source = (KIND, record["ServerlessCacheName"], record["_arn"])
        self._cloud.event("elasticache", record["_region"], source, message)

    def _create(self, call: Call) -> Answer:
        name = rules.cache_name(call.params["ServerlessCacheName"])
        record = self._record(call, name)
        with self._records.change():
            if self._records.get(KIND, call.region, name):
                raise ApiError(
                    "ServerlessCacheAlreadyExistsFault", f"ServerlessCache {name} already exists."
                )
            self._records.put(KIND, call.region, name, record)
        try:
            self._cloud.fleet.serverless_caches.create(Ref(call.region, name))
        except LocalCloudError as error:
            self._records.drop(KIND, call.region, name)
            log.exception("create of serverless cache %s failed", name)
            raise ApiError("InternalFailure", f"{name}: {error}", 500) from error
        except BaseException:
            self._records.drop(KIND, call.region, name)
            raise
        with self._records.change():
            self._records.update(KIND, call.region, name, Status="available")
            self._tell(record, "Serverless cache created")
        return {"ServerlessCache": self._shown(self._need(call.region, name))}

    def _record(self, call: Call, name: str) -> Record:
        p, region = call.params, call.region
        major, full = rules.versions(p["Engine"], p.get("MajorEngineVersion"))
        rules.check_limits(p.get("CacheUsageLimits"))
        rules.check_snapshots(p)
        rules.check_group(p.get("UserGroupId"))
        wanted = p.get("SubnetIds")
        found = subnets(region, wanted) if wanted else default_subnets(region)[:_MOST_SUBNETS]
        rules.check_subnets(found)
        # Without a key of one's own the service's is used, which the answer does not name.
        own_key = p.get("KmsKeyId")
        key = {"KmsKeyId": key_arn(region, own_key, "elasticache")} if own_key else {}
        return key | {
            "ServerlessCacheName": name,
            "ARN": arn("elasticache", region, "serverlesscache", name),
            "_arn": arn("elasticache", region, "serverlesscache", name),
            "_region": region,
            "_vpc": found[0].vpc,
            "Description": p.get("Description") or "",
            "CreateTime": now(),
            "Status": "creating",
            "Engine": p["Engine"],
            "MajorEngineVersion": major,
            "FullEngineVersion": full,
            "CacheUsageLimits": p.get("CacheUsageLimits") or {},
            "SecurityGroupIds": security_groups(region, p.get("SecurityGroupIds"), found[0].vpc),
            "SubnetIds": [s.identifier for s in found],
            "SnapshotRetentionLimit": p.get("SnapshotRetentionLimit") or 0,
            "DailySnapshotTime": p.get("DailySnapshotTime") or "03:00",
            "NetworkType": "ipv4",
            "TagList": p.get("Tags") or [],
        }

    def _shown(self, record: Record) -> Record:
        if record["Status"] in ("creating", "deleting"):
            return record
        ref = Ref(record["_region"], record["ServerlessCacheName"])
        addresses = self._cloud.fleet.serverless_caches.addresses(ref)
        return record | {
            "Endpoint": _endpoint(addresses.cache),
            "ReaderEndpoint": _endpoint(addresses.reader),
        }

    def _describe(self, call: Call) -> Answer:
        p = call.params
        wanted = p.get("ServerlessCacheName")
        everything = self._records.all(KIND, call.region)
        found = [self._need(call.region, wanted)] if wanted else everything
        # This operation counts pages by other names than ElastiCache's older ones.
        start, size = int(p.get("NextToken") or 0), int(p.get("MaxResults") or 50)
        shown = [self._shown(record) for record in found[start : start + size]]
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return {"ServerlessCaches": shown, **more}

    def _modify(self, call: Call) -> Answer:
        p = call.params
        record = self._need_available(call.region, p["ServerlessCacheName"])
        rules.check_limits(p.get("CacheUsageLimits"))
        rules.check_snapshots(p)
        rules.check_group(p.get("UserGroupId"))
        values: dict[str, Any] = changed(record, p, _MODIFIED)
        if p.get("SecurityGroupIds"):
            groups = security_groups(call.region, p["SecurityGroupIds"], record["_vpc"])
            values["SecurityGroupIds"] = groups
        if p.get("Engine") or p.get("MajorEngineVersion"):
            values |= _upgrade(record, p)
        self._records.update(KIND, call.region, record["ServerlessCacheName"], **values)
        fresh = self._need(call.region, record["ServerlessCacheName"])
        return {"ServerlessCache": self._shown(fresh)}

    def _delete(self, call: Call) -> Answer:
        with self._records.change():
            record = self._need_available(call.region, call.params["ServerlessCacheName"])
            name = record["ServerlessCacheName"]
            self._records.update(KIND, call.region, name, Status="deleting")
        self._cloud.fleet.serverless_caches.delete(Ref(call.region, name))
        with self._records.change():
            self._records.drop(KIND, call.region, name)
            self._tell(record, "Serverless cache deleted")
        return {"ServerlessCache": record | {"Status": "deleting"}}


def _upgrade(record: Record, p: Any) -> Record:
    """From Redis to Valkey and to newer versions; there is no way back."""
    engine = p.get("Engine") or record["Engine"]
    major, full = rules.versions(engine, p.get("MajorEngineVersion"))
    before = (record["Engine"] == "valkey", int(record["MajorEngineVersion"]))
    if (engine == "valkey", int(major)) < before:
        raise combination(
            f"Cannot go from {record['Engine']} {record['MajorEngineVersion']} to {engine} {major}."
        )
    return {"Engine": engine, "MajorEngineVersion": major, "FullEngineVersion": full}


def _endpoint(address: Address) -> dict[str, Any]:
    return {"Address": address.host, "Port": address.port}
