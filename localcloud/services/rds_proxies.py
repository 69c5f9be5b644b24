"""RDS proxies: the proxy itself and its endpoints. What it leads to is in `rds_proxy_targets`."""

from __future__ import annotations

import logging
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, given, now, page
from localcloud.errors import LocalCloudError
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud, resource_id
from localcloud.services.rds_proxy_targets import DEFAULT_POOL, ProxyTargets
from localcloud.services.surroundings import arn, security_groups, subnets

log = logging.getLogger(__name__)

DEFAULT_ENDPOINT = "default"
MOST_PROXIES = 20
MOST_ENDPOINTS = 20
_PLUGINS = {
    "MYSQL": ("MYSQL_CACHING_SHA2_PASSWORD", "MYSQL_NATIVE_PASSWORD"),
    "POSTGRESQL": ("POSTGRES_SCRAM_SHA_256", "POSTGRES_MD5"),
}
"""How clients may log in, by engine family, its default first."""


def missing(name: str) -> ApiError:
    """There is no such proxy."""
    return ApiError("DBProxyNotFoundFault", f"DB proxy {name} not found.", 404)


class Proxies:
    """The operations on proxies and their endpoints."""

    def __init__(self, cloud: Cloud, targets: ProxyTargets) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._targets = targets

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "CreateDBProxy", self._create)
        operations.handle("rds", "DescribeDBProxies", self._describe)
        operations.handle("rds", "ModifyDBProxy", self._modify)
        operations.handle("rds", "DeleteDBProxy", self._delete)
        operations.handle("rds", "CreateDBProxyEndpoint", self._create_endpoint)
        operations.handle("rds", "DescribeDBProxyEndpoints", self._describe_endpoints)
        operations.handle("rds", "ModifyDBProxyEndpoint", self._modify_endpoint)
        operations.handle("rds", "DeleteDBProxyEndpoint", self._delete_endpoint)

    def _need(self, call: Call) -> Record:
        name = str(call.params["DBProxyName"]).lower()
        return self._cloud.need("proxy", call.region, name, missing(name))

    def _create(self, call: Call) -> Answer:
        p = call.params
        name = rules.check_identifier("DBProxyName", p["DBProxyName"])
        family = str(p["EngineFamily"])
        if family not in _PLUGINS:
            raise rules.refuse(
                f"EngineFamily {family}: the local cloud has proxies for "
                f"{', '.join(_PLUGINS)} only."
            )
        vpc, groups = self._place(call.region, p)
        record: Record = {
            "DBProxyName": name,
            "DBProxyArn": arn("rds", call.region, "db-proxy", resource_id("prx-").lower()),
            "_region": call.region,
            "Status": "creating",
            "EngineFamily": family,
            "VpcId": vpc,
            "VpcSubnetIds": p["VpcSubnetIds"],
            "VpcSecurityGroupIds": groups,
            "Auth": [_auth(entry, family) for entry in p.get("Auth") or []],
            "RoleArn": p["RoleArn"],
            "RequireTLS": bool(p.get("RequireTLS")),
            "IdleClientTimeout": p.get("IdleClientTimeout") or 1800,
            "DebugLogging": bool(p.get("DebugLogging")),
            "CreatedDate": now(),
            "UpdatedDate": now(),
            "TagList": p.get("Tags") or [],
            "_pool": dict(DEFAULT_POOL),
            "_target": None,
        }
        record["_arn"] = record["DBProxyArn"]
        if not record["Auth"]:
            raise rules.combination("A proxy needs an Auth entry with a secret.")
        with self._records.change():
            if self._records.get("proxy", call.region, name):
                raise ApiError("DBProxyAlreadyExistsFault", f"DB proxy {name} already exists.")
            if len(self._records.keys("proxy")) >= MOST_PROXIES:
                raise ApiError("DBProxyQuotaExceededFault", f"At most {MOST_PROXIES} proxies.")
            self._records.put("proxy", call.region, name, record)
        try:
            limits = self._targets.limits(record)
            address = self._cloud.fleet.proxies.create(
                Ref(call.region, name), DEFAULT_ENDPOINT, *limits, family
            )
        except LocalCloudError as error:
            self._records.drop("proxy", call.region, name)
            log.exception("create of the proxy %s failed", name)
            raise ApiError("InternalFailure", f"{name}: {error}", 500) from error
        self._records.update("proxy", call.region, name, Endpoint=address.host, Status="available")
        return {"DBProxy": self._need(call)}

    def _place(self, region: str, p: dict[str, Any]) -> tuple[str, list[str]]:
        found = subnets(region, p["VpcSubnetIds"])
        if len({subnet.zone for subnet in found}) < 2:
            raise ApiError("InvalidSubnet", "A proxy needs subnets in at least two zones.")
        vpc = found[0].vpc
        return vpc, security_groups(region, p.get("VpcSecurityGroupIds"), vpc)

    def _describe(self, call: Call) -> Answer:
        if call.params.get("DBProxyName"):
            return {"DBProxies": [self._need(call)]}
        return page(call, "DBProxies", self._records.all("proxy", call.region))

    def _modify(self, call: Call) -> Answer:
        p = call.params
        record = self._need(call)
        changes = given(p, ("RequireTLS", "IdleClientTimeout", "DebugLogging", "RoleArn"))
        if p.get("Auth"):
            changes["Auth"] = [_auth(entry, record["EngineFamily"]) for entry in p["Auth"]]
        if p.get("SecurityGroups"):
            changes["VpcSecurityGroupIds"] = security_groups(
                call.region, p["SecurityGroups"], record["VpcId"]
            )
        name = record["DBProxyName"]
        self._records.update("proxy", call.region, name, **changes, UpdatedDate=now())
        return {"DBProxy": self._need(call)}

    def _delete(self, call: Call) -> Answer:
        record = self._need(call)
        name = record["DBProxyName"]
        self._records.update("proxy", call.region, name, Status="deleting")
        self._targets.forget(record)
        self._cloud.fleet.proxies.delete(Ref(call.region, name))
        with self._records.change():
            for endpoint in self._endpoints(call.region, name):
                self._records.drop("proxy-endpoint", call.region, endpoint["DBProxyEndpointName"])
            self._records.drop("proxy", call.region, name)
        return {"DBProxy": record | {"Status": "deleting"}}

    def _endpoints(self, region: str, proxy: str) -> list[Record]:
        found = self._records.all("proxy-endpoint", region)
        return [endpoint for endpoint in found if endpoint["DBProxyName"] == proxy]

    def _create_endpoint(self, call: Call) -> Answer:
        p = call.params
        proxy = self._need(call)
        name = rules.check_identifier("DBProxyEndpointName", p["DBProxyEndpointName"])
        role = p.get("TargetRole") or "READ_WRITE"
        target = proxy["_target"]
        if target is not None and target["kind"] != "cluster":
            raise ApiError(
                "InvalidDBProxyStateFault",
                "A DB proxy endpoint is for proxies of Aurora DB clusters only.",
            )
        vpc, groups = self._place(call.region, p)
        with self._records.change():
            if self._records.get("proxy-endpoint", call.region, name):
                raise ApiError(
                    "DBProxyEndpointAlreadyExistsFault", f"DB proxy endpoint {name} exists."
                )
            if len(self._endpoints(call.region, proxy["DBProxyName"])) >= MOST_ENDPOINTS:
                raise ApiError("DBProxyEndpointQuotaExceededFault", "Too many endpoints.")
            record: Record = {
                "DBProxyEndpointName": name,
                "DBProxyEndpointArn": arn("rds", call.region, "db-proxy-endpoint", name),
                "_arn": arn("rds", call.region, "db-proxy-endpoint", name),
                "DBProxyName": proxy["DBProxyName"],
                "Status": "available",
                "VpcId": vpc,
                "VpcSecurityGroupIds": groups,
                "VpcSubnetIds": p["VpcSubnetIds"],
                "CreatedDate": now(),
                "TargetRole": role,
                "IsDefault": False,
                "TagList": p.get("Tags") or [],
            }
            address = self._cloud.fleet.proxies.open(Ref(call.region, proxy["DBProxyName"]), name)
            record["Endpoint"] = address.host
            self._records.put("proxy-endpoint", call.region, name, record)
        self._targets.lead(self._need(call))
        return {"DBProxyEndpoint": record}

    def _need_endpoint(self, call: Call) -> Record:
        name = str(call.params["DBProxyEndpointName"]).lower()
        error = ApiError("DBProxyEndpointNotFoundFault", f"DB proxy endpoint {name} not found.")
        return self._cloud.need("proxy-endpoint", call.region, name, error)

    def _describe_endpoints(self, call: Call) -> Answer:
        p = call.params
        if p.get("DBProxyEndpointName"):
            return {"DBProxyEndpoints": [self._need_endpoint(call)]}
        found = self._records.all("proxy-endpoint", call.region)
        if p.get("DBProxyName"):
            found = self._endpoints(call.region, self._need(call)["DBProxyName"])
        return page(call, "DBProxyEndpoints", found)

    def _modify_endpoint(self, call: Call) -> Answer:
        record = self._need_endpoint(call)
        groups = call.params.get("VpcSecurityGroupIds")
        if groups:
            record["VpcSecurityGroupIds"] = security_groups(call.region, groups, record["VpcId"])
            name = record["DBProxyEndpointName"]
            self._records.put("proxy-endpoint", call.region, name, record)
        return {"DBProxyEndpoint": record}

    def _delete_endpoint(self, call: Call) -> Answer:
        record = self._need_endpoint(call)
        name = record["DBProxyEndpointName"]
        self._cloud.fleet.proxies.close(Ref(call.region, record["DBProxyName"]), name)
        self._records.drop("proxy-endpoint", call.region, name)
        proxy = self._cloud.need("proxy", call.region, record["DBProxyName"], missing(name))
        self._targets.lead(proxy)
        return {"DBProxyEndpoint": record | {"Status": "deleting"}}


def _auth(entry: dict[str, Any], family: str) -> dict[str, Any]:
    if entry.get("AuthScheme") != "SECRETS" or not entry.get("SecretArn"):
        raise rules.combination("Auth needs the AuthScheme SECRETS and a SecretArn.")
    if entry.get("IAMAuth") not in (None, "DISABLED"):
        # What is not checked must not look as if it were.
        raise rules.combination(
            "IAMAuth REQUIRED: the local cloud's proxy cannot check an IAM token."
        )
    plugin = entry.get("ClientPasswordAuthType")
    if plugin not in (None, *_PLUGINS[family]):
        raise rules.refuse(f"ClientPasswordAuthType {plugin} is not for {family}.")
    return {"ClientPasswordAuthType": _PLUGINS[family][0], "IAMAuth": "DISABLED"} | entry
