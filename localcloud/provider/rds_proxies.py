"""RDS proxies: the proxy, its pool, its target, its endpoints."""

from __future__ import annotations

from typing import Any

from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs
from localcloud.provider.rds_groups import RdsKind

_GONE = frozenset({"DBProxyNotFoundFault"})
_DEFAULT_POOL = {
    "MaxConnectionsPercent": 100,
    "MaxIdleConnectionsPercent": 50,
    "ConnectionBorrowTimeout": 120,
    "SessionPinningFilters": [],
}


class Proxy(RdsKind):
    """aws.rds.Proxy"""

    token = "aws:rds/proxy:Proxy"
    names = {"name": "DBProxyName", "auths": "Auth"}
    replaced_by = frozenset({"name", "engineFamily", "vpcSubnetIds"})
    auto_named = "name"
    identified_by = ("name",)
    gone = _GONE
    taken = frozenset({"DBProxyAlreadyExistsFault"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_db_proxy(**self.arguments(resource, "CreateDBProxy"))
        return resource.inputs["name"], _proxy(made["DBProxy"])

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_db_proxies(DBProxyName=resource.inputs["name"])
        return _proxy(answer["DBProxies"][0])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        chosen = changed & {"auths", "debugLogging", "idleClientTimeout", "requireTls", "roleArn"}
        arguments = self.some(resource, "ModifyDBProxy", chosen)
        if "vpcSecurityGroupIds" in changed:
            arguments["SecurityGroups"] = resource.inputs["vpcSecurityGroupIds"]
        if arguments:
            self.client(resource).modify_db_proxy(**arguments, DBProxyName=resource.inputs["name"])
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_db_proxy(DBProxyName=resource.inputs["name"])


def _proxy(found: Any) -> Outputs:
    return {"arn": found["DBProxyArn"], "endpoint": found["Endpoint"]}


class ProxyDefaultTargetGroup(RdsKind):
    """aws.rds.ProxyDefaultTargetGroup: every proxy has one, this says how it pools"""

    token = "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup"
    replaced_by = frozenset({"dbProxyName"})
    identified_by = ("dbProxyName",)
    gone = _GONE

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        return resource.inputs["dbProxyName"], self._modify(resource)

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_db_proxy_target_groups(
            DBProxyName=resource.inputs["dbProxyName"]
        )
        return _group(answer["TargetGroups"][0])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self._modify(resource)

    def delete(self, resource: Resource) -> None:
        """Nothing: a proxy's group goes with it."""

    def _modify(self, resource: Resource) -> Outputs:
        arguments = self.arguments(resource, "ModifyDBProxyTargetGroup")
        pool = _DEFAULT_POOL | arguments.pop("ConnectionPoolConfig", {})
        answer = self.client(resource).modify_db_proxy_target_group(
            **arguments, TargetGroupName="default", ConnectionPoolConfig=pool
        )
        return _group(answer["DBProxyTargetGroup"])


def _group(found: Any) -> Outputs:
    return {"arn": found["TargetGroupArn"], "name": found["TargetGroupName"]}


class ProxyTarget(RdsKind):
    """aws.rds.ProxyTarget"""

    token = "aws:rds/proxyTarget:ProxyTarget"
    replaced_by = frozenset(
        {"dbProxyName", "targetGroupName", "dbInstanceIdentifier", "dbClusterIdentifier"}
    )
    identified_by = ("dbProxyName",)
    gone = _GONE | {"DBProxyTargetNotFoundFault"}
    taken = frozenset({"DBProxyTargetAlreadyRegisteredFault"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self.client(resource).register_db_proxy_targets(**self._names(resource))
        return self.id_of(resource, {}), self.describe(resource) or {}

    def id_of(self, resource: Resource, outputs: Any) -> str:
        p = resource.inputs
        behind = p.get("dbInstanceIdentifier") or p.get("dbClusterIdentifier")
        return "/".join((p["dbProxyName"], p["targetGroupName"], str(behind)))

    def describe(self, resource: Resource) -> Outputs | None:
        found = self.client(resource).describe_db_proxy_targets(
            DBProxyName=resource.inputs["dbProxyName"]
        )["Targets"]
        if not found:
            return None
        return {
            "endpoint": found[0]["Endpoint"],
            "port": found[0]["Port"],
            "rdsResourceId": found[0]["RdsResourceId"],
            "targetArn": found[0]["TargetArn"],
            "type": found[0]["Type"],
        }

    def delete(self, resource: Resource) -> None:
        self.client(resource).deregister_db_proxy_targets(**self._names(resource))

    def _names(self, resource: Resource) -> dict[str, Any]:
        p = resource.inputs
        names: dict[str, Any] = {
            "DBProxyName": p["dbProxyName"],
            "TargetGroupName": p["targetGroupName"],
        }
        if p.get("dbInstanceIdentifier"):
            names["DBInstanceIdentifiers"] = [p["dbInstanceIdentifier"]]
        if p.get("dbClusterIdentifier"):
            names["DBClusterIdentifiers"] = [p["dbClusterIdentifier"]]
        return names


class ProxyEndpoint(RdsKind):
    """aws.rds.ProxyEndpoint"""

    token = "aws:rds/proxyEndpoint:ProxyEndpoint"
    replaced_by = frozenset({"dbProxyName", "dbProxyEndpointName", "targetRole", "vpcSubnetIds"})
    identified_by = ("dbProxyEndpointName",)
    gone = _GONE | {"DBProxyEndpointNotFoundFault"}
    taken = frozenset({"DBProxyEndpointAlreadyExistsFault"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_db_proxy_endpoint(
            **self.arguments(resource, "CreateDBProxyEndpoint")
        )["DBProxyEndpoint"]
        return resource.inputs["dbProxyEndpointName"], _endpoint(made)

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_db_proxy_endpoints(
            DBProxyEndpointName=resource.inputs["dbProxyEndpointName"]
        )
        return _endpoint(answer["DBProxyEndpoints"][0])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        if "vpcSecurityGroupIds" in changed:
            self.client(resource).modify_db_proxy_endpoint(
                DBProxyEndpointName=resource.inputs["dbProxyEndpointName"],
                VpcSecurityGroupIds=resource.inputs["vpcSecurityGroupIds"],
            )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_db_proxy_endpoint(
            DBProxyEndpointName=resource.inputs["dbProxyEndpointName"]
        )


def _endpoint(found: Any) -> Outputs:
    return {"arn": found["DBProxyEndpointArn"], "endpoint": found["Endpoint"]}
