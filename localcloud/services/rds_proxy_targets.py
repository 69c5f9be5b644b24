"""What an RDS proxy leads to: its target group, its one target, and whether that is healthy."""

from __future__ import annotations

import json
from typing import Any

from moto.secretsmanager import secretsmanager_backends
from moto.secretsmanager.exceptions import SecretsManagerClientError

from localcloud.api import Answer, ApiError, Call, Operations, now, page
from localcloud.fleet import Credentials, Ref
from localcloud.records import Record
from localcloud.servers.mariadb import MAX_CONNECTIONS
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud
from localcloud.services.rds_clusters import Clusters
from localcloud.services.rds_instances import Instances
from localcloud.services.surroundings import arn, region_of
from localcloud.site import ACCOUNT_ID

DEFAULT_POOL = {
    "MaxConnectionsPercent": 100,
    "MaxIdleConnectionsPercent": 50,
    "ConnectionBorrowTimeout": 120,
    "SessionPinningFilters": [],
}
GROUP = "default"
FAMILIES = {
    "mysql": "MYSQL",
    "mariadb": "MYSQL",
    "aurora-mysql": "MYSQL",
    "postgres": "POSTGRESQL",
    "aurora-postgresql": "POSTGRESQL",
}
"""A proxy's engine family, by the engine of its target."""


class ProxyTargets:
    """The operations on target groups and targets."""

    def __init__(self, cloud: Cloud, instances: Instances, clusters: Clusters) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._instances = instances
        self._clusters = clusters

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "DescribeDBProxyTargetGroups", self._groups)
        operations.handle("rds", "ModifyDBProxyTargetGroup", self._modify)
        operations.handle("rds", "RegisterDBProxyTargets", self._attach)
        operations.handle("rds", "DeregisterDBProxyTargets", self._detach)
        operations.handle("rds", "DescribeDBProxyTargets", self._describe)

    def limits(self, proxy: Record) -> tuple[int, float]:
        """Connections at a time, and the seconds a client waits for one."""
        pool = proxy["_pool"]
        most = max(1, MAX_CONNECTIONS * pool["MaxConnectionsPercent"] // 100)
        return most, float(pool["ConnectionBorrowTimeout"])

    def lead(self, proxy: Record) -> None:
        """Lead every endpoint of ``proxy`` to its target as that stands now."""
        region, name = proxy["_region"], proxy["DBProxyName"]
        hosts = {"default": proxy["Endpoint"]}
        roles = {"default": "READ_WRITE"}
        for endpoint in self._records.all("proxy-endpoint", region):
            if endpoint["DBProxyName"] == name:
                hosts[endpoint["DBProxyEndpointName"]] = endpoint["Endpoint"]
                roles[endpoint["DBProxyEndpointName"]] = endpoint["TargetRole"]
        self._name(proxy, list(hosts.values()))
        targets = {e: self._host(proxy, role) for e, role in roles.items()}
        known = {endpoint: host for endpoint, host in targets.items() if host}
        self._cloud.fleet.proxies.lead(Ref(region, name), known)

    def forget(self, proxy: Record) -> None:
        """Before a proxy goes: certificates name its addresses no more."""
        self._name(proxy, [])

    def _name(self, proxy: Record, hosts: list[str]) -> None:
        target = proxy["_target"]
        # A pooler has a certificate of its own; what passes through meets the target's.
        if target is None or proxy["EngineFamily"] == "POSTGRESQL":
            return
        ref = Ref(proxy["_region"], target["identifier"])
        others = [
            other["Endpoint"]
            for other in self._records.all("proxy", ref.region)
            if other["_target"] == target and other["DBProxyName"] != proxy["DBProxyName"]
        ]
        servers = self._cloud.fleet.clusters
        if target["kind"] == "instance":
            self._cloud.fleet.instances.name_also(ref, [*others, *hosts])
        else:
            servers.name_also(ref, [*others, *hosts])

    def _host(self, proxy: Record, role: str) -> str | None:
        target, region = proxy["_target"], proxy["_region"]
        if target is None:
            return None
        if target["kind"] == "instance":
            return str(self._instances.need(region, target["identifier"])["Endpoint"]["Address"])
        cluster = self._clusters.need(region, target["identifier"])
        return str(cluster["ReaderEndpoint" if role == "READ_ONLY" else "Endpoint"])

    def _need(self, call: Call) -> Record:
        p = call.params
        name = str(p["DBProxyName"]).lower()
        error = ApiError("DBProxyNotFoundFault", f"DB proxy {name} not found.", 404)
        record = self._cloud.need("proxy", call.region, name, error)
        if p.get("TargetGroupName") not in (None, GROUP):
            raise ApiError(
                "DBProxyTargetGroupNotFoundFault", "A proxy has the target group default.", 404
            )
        return record

    def _groups(self, call: Call) -> Answer:
        return {"TargetGroups": [_group(self._need(call))]}

    def _modify(self, call: Call) -> Answer:
        record = self._need(call)
        pool = record["_pool"] | (call.params.get("ConnectionPoolConfig") or {})
        for member in ("MaxConnectionsPercent", "MaxIdleConnectionsPercent"):
            if not 0 <= pool[member] <= 100:
                raise rules.refuse(f"{member} {pool[member]} is not a percentage.")
        if pool["MaxIdleConnectionsPercent"] > pool["MaxConnectionsPercent"]:
            raise rules.combination("MaxIdleConnectionsPercent is over MaxConnectionsPercent.")
        if not 0 <= pool["ConnectionBorrowTimeout"] <= 300:
            raise rules.refuse("ConnectionBorrowTimeout must be 0 to 300 seconds.")
        name = record["DBProxyName"]
        self._records.update("proxy", call.region, name, _pool=pool, UpdatedDate=now())
        record = self._need(call)
        self._cloud.fleet.proxies.limit(Ref(call.region, name), *self.limits(record))
        return {"DBProxyTargetGroup": _group(record)}

    def _attach(self, call: Call) -> Answer:
        p = call.params
        proxy = self._need(call)
        if proxy["_target"] is not None:
            raise ApiError(
                "DBProxyTargetAlreadyRegisteredFault", "A proxy has one target, and this has it."
            )
        instances, clusters = p.get("DBInstanceIdentifiers"), p.get("DBClusterIdentifiers")
        if len([*(instances or []), *(clusters or [])]) != 1:
            raise rules.combination("Name one DB instance or one DB cluster.")
        if instances:
            record = self._instances.need_available(call.region, instances[0])
            if "_source" in record or "DBClusterIdentifier" in record:
                raise ApiError(
                    "InvalidDBInstanceState", "A replica or cluster member can not be a target."
                )
            target = {"kind": "instance", "identifier": record["DBInstanceIdentifier"]}
        else:
            assert clusters
            record = self._clusters.need(call.region, clusters[0])
            if not self._clusters.members(call.region, record["DBClusterIdentifier"]):
                raise ApiError("InvalidDBClusterStateFault", "The DB cluster has no instances.")
            target = {"kind": "cluster", "identifier": record["DBClusterIdentifier"]}
        if FAMILIES.get(record["Engine"]) != proxy["EngineFamily"]:
            raise rules.refuse(
                f"{record['Engine']} is not of the proxy's engine family {proxy['EngineFamily']}."
            )
        self._records.update("proxy", call.region, proxy["DBProxyName"], _target=target)
        proxy = self._need(call)
        self.lead(proxy)
        return {"DBProxyTargets": self._targets(proxy)}

    def _detach(self, call: Call) -> Answer:
        proxy = self._need(call)
        if proxy["_target"] is None:
            raise ApiError("DBProxyTargetNotFoundFault", "The proxy has no target.", 404)
        self.forget(proxy)
        self._records.update("proxy", call.region, proxy["DBProxyName"], _target=None)
        self._cloud.fleet.proxies.lead(Ref(call.region, proxy["DBProxyName"]), {})
        return {}

    def _describe(self, call: Call) -> Answer:
        return page(call, "Targets", self._targets(self._need(call)))

    def _targets(self, proxy: Record) -> list[dict[str, Any]]:
        target, region = proxy["_target"], proxy["_region"]
        if target is None:
            return []
        health = self._health(proxy)
        if target["kind"] == "instance":
            record = self._instances.need(region, target["identifier"])
            return [_instance(record, health, None, "READ_WRITE")]
        identifier = target["identifier"]
        writer = self._cloud.fleet.clusters.state(Ref(region, identifier)).writer
        return [
            _instance(record, health, identifier, "READ_WRITE" if name == writer else "READ_ONLY")
            for record in self._clusters.members(region, identifier)
            for name in [record["DBInstanceIdentifier"]]
        ]

    def admit_anew(self, secret: str | None, target: Record | None = None) -> None:
        """Let proxies know that a secret has another value, or their target another password.

        Otherwise a pooler would know it only when somebody looks at the target's health.
        """
        for proxy in self._records.all("proxy"):
            secrets = [entry["SecretArn"] for entry in proxy["Auth"]]
            if secret in secrets or (target is not None and proxy["_target"] == target):
                self._health(proxy)

    def _health(self, proxy: Record) -> dict[str, str]:
        """Whether the secret's user can log in where the proxy leads."""
        secret = proxy["Auth"][0]["SecretArn"]
        try:
            backend = secretsmanager_backends[ACCOUNT_ID][region_of(secret, proxy["_region"])]
            facts = json.loads(backend.get_secret_value(secret, "", "")["SecretString"])
            credentials = Credentials(facts["username"], facts["password"])
        except (SecretsManagerClientError, ValueError, KeyError, TypeError):
            return _unhealthy("The secret has no user and password, or cannot be read.")
        host = self._host(proxy, "READ_WRITE")
        ref = Ref(proxy["_region"], proxy["DBProxyName"])
        if host is None or not self._cloud.fleet.proxies.admit(ref, host, credentials):
            return _unhealthy("The secret's user cannot log in to the database.")
        return {"State": "AVAILABLE"}


def _unhealthy(text: str) -> dict[str, str]:
    return {"State": "UNAVAILABLE", "Reason": "AUTH_FAILURE", "Description": text}


def _instance(
    record: Record, health: dict[str, str], cluster: str | None, role: str
) -> dict[str, Any]:
    return {
        "Type": "RDS_INSTANCE",
        "RdsResourceId": record["DBInstanceIdentifier"],
        "TargetArn": record["_arn"],
        "Endpoint": record["Endpoint"]["Address"],
        "Port": record["Endpoint"]["Port"],
        "Role": role,
        "TargetHealth": health,
        **({"TrackedClusterId": cluster} if cluster else {}),
    }


def _group(proxy: Record) -> dict[str, Any]:
    region, name = proxy["_region"], proxy["DBProxyName"]
    return {
        "DBProxyName": name,
        "TargetGroupName": GROUP,
        "TargetGroupArn": arn("rds", region, "target-group", f"prx-tg-{name}"),
        "IsDefault": True,
        "Status": "available",
        "ConnectionPoolConfig": proxy["_pool"],
        "CreatedDate": proxy["CreatedDate"],
        "UpdatedDate": proxy["UpdatedDate"],
    }
