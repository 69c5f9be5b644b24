"""What a stack's resources are billed for, a month of 730 hours at a time.

An item is a quantity of something with a price. What is billed by use, such as an I/O or the GB
of an Aurora volume, has no quantity: nobody knows it before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stacks.dry_run import Registration
from stacks.durations import COPY
from stacks.prices import Price, Prices

SECRET = "secrets-manager/secret"
HOURS = 730
_PROXY_LEAST_VCPU = 2
"""RDS bills a proxy for as many vCPUs as its target has, and for no fewer. Of Aurora serverless
it bills ACUs, at another price."""

_IN_A_CLUSTER = 3
"""Instances of a Multi-AZ DB cluster."""
_GP3_IOPS = 12_000
"""What a gp3 volume of 400 GB and more has without paying for it."""


@dataclass(frozen=True)
class Item:
    """Something billed. ``quantity`` in the price's unit; ``None`` where use decides."""

    topology: str
    what: str
    key: str
    region: str
    quantity: float | None


@dataclass(frozen=True)
class Line:
    """An item and its price, if anybody knows one."""

    item: Item
    price: Price | None

    @property
    def monthly(self) -> float | None:
        """Dollars a month; nothing where use decides or no price is known."""
        if self.price is None or self.item.quantity is None:
            return None
        return self.item.quantity * self.price.usd


def priced(registered: Sequence[Registration], prices: Prices) -> list[Line]:
    """Every item of a stack, in the program's order, with what ``prices`` knows of it."""
    return [Line(item, prices.find(item.key, item.region)) for item in items(registered)]


def items(registered: Sequence[Registration]) -> Iterator[Item]:
    """What is billed."""
    parents = {each.urn: each for each in registered}

    def topology(each: Registration) -> str:
        while each.parent in parents:
            each = parents[each.parent]
        return each.name

    for each in registered:
        if each.type in _BILLED:
            region = str(each.inputs.get("region", ""))
            for what, key, quantity in _BILLED[each.type](each, registered):
                yield Item(topology(each), what, key, region, quantity)


_Parts = Iterator[tuple[str, str, float | None]]


def _instance(each: Registration, registered: Sequence[Registration]) -> _Parts:
    inputs = each.inputs
    source = _source(each, registered)
    copies = 2 if inputs.get("multiAz") else 1
    twice = " and its standby" if copies == 2 else ""
    class_ = inputs["instanceClass"]
    engine = inputs.get("engine") or source.get("engine", "")
    yield f"{class_} {engine}{twice}", f"rds/{engine}/{class_}", copies * HOURS
    type_ = inputs.get("storageType") or source.get("storageType", "")
    size = inputs.get("allocatedStorage") or source.get("allocatedStorage") or 0
    yield f"{size} GB {type_}{twice}", f"rds/storage/{type_}", copies * size
    yield from _secret_of_rds(each)


def _source(replica: Registration, registered: Sequence[Registration]) -> Mapping[str, Any]:
    """The inputs of what a replica copies, of the first in its chain; nothing for others."""
    sources = replica.needs_of.get("replicateSourceDb", frozenset())
    for each in registered:
        if each.urn in sources and each.type == replica.type:
            return each.inputs if "engine" in each.inputs else _source(each, registered)
    return {}


def _member(each: Registration, registered: Sequence[Registration]) -> _Parts:
    inputs = each.inputs
    class_ = inputs["instanceClass"]
    if class_ == "db.serverless":
        yield "capacity of a serverless member", "aurora/acu", None
    else:
        engine = inputs.get("engine", "")
        yield f"{class_} {engine} member", f"rds/{engine}/{class_}", HOURS


def _cluster(each: Registration, registered: Sequence[Registration]) -> _Parts:
    inputs = each.inputs
    if "dbClusterInstanceClass" in inputs:
        yield from _multi_az_cluster(inputs)
        return
    optimized = inputs.get("storageType") == "aurora-iopt1"
    kind = "storage-io-optimized" if optimized else "storage"
    yield "volume, a GB", f"aurora/{kind}", None
    if not optimized:
        yield "I/O, a million", "aurora/io", None
    yield from _secret_of_rds(each)


def _secret_of_rds(each: Registration) -> _Parts:
    if each.inputs.get("manageMasterUserPassword"):
        yield "secret of RDS", SECRET, 1


def _multi_az_cluster(inputs: Mapping[str, Any]) -> _Parts:
    """Three instances, each as dear as one in a single zone, each with a disk of its own."""
    class_, engine = inputs["dbClusterInstanceClass"], inputs["engine"]
    type_, size = inputs["storageType"], inputs["allocatedStorage"]
    yield f"3 x {class_} {engine}", f"rds/{engine}/{class_}", _IN_A_CLUSTER * HOURS
    yield f"3 x {size} GB {type_}", f"rds/storage/{type_}", _IN_A_CLUSTER * size
    extra = (inputs.get("iops") or 0) - (_GP3_IOPS if type_ == "gp3" else 0)
    if extra > 0:
        yield f"3 x {extra} IOPS of {type_}", f"rds/storage/{type_}-iops", _IN_A_CLUSTER * extra


def _cache(each: Registration, registered: Sequence[Registration]) -> _Parts:
    inputs = each.inputs
    shards = inputs.get("numNodeGroups")
    nodes = inputs.get("numCacheClusters") or (shards or 1) * (
        1 + (inputs.get("replicasPerNodeGroup") or 0)
    )
    class_, engine = inputs["nodeType"], inputs.get("engine", "redis")
    yield f"{nodes} x {class_} {engine}", f"elasticache/{engine}/{class_}", nodes * HOURS


def _memcached(each: Registration, registered: Sequence[Registration]) -> _Parts:
    inputs = each.inputs
    nodes, class_ = inputs.get("numCacheNodes", 1), inputs["nodeType"]
    yield f"{nodes} x {class_} memcached", f"elasticache/memcached/{class_}", nodes * HOURS


def _serverless_cache(each: Registration, registered: Sequence[Registration]) -> _Parts:
    inputs = each.inputs
    engine = inputs["engine"]
    yield "data, a GB for an hour", f"elasticache/serverless/{engine}/storage", None
    yield "requests, a million ECPU", f"elasticache/serverless/{engine}/ecpu", None


def _proxy(each: Registration, registered: Sequence[Registration]) -> _Parts:
    quantity = _PROXY_LEAST_VCPU * HOURS
    yield "proxy, for the least of 2 vCPU", "rds/proxy/vcpu", quantity


def _replicator(each: Registration, registered: Sequence[Registration]) -> _Parts:
    inputs = each.inputs
    copies = 2 if inputs.get("multiAz") else 1
    class_, size = inputs["replicationInstanceClass"], inputs.get("allocatedStorage", 0)
    yield f"{class_} of DMS", f"dms/{class_}", copies * HOURS
    yield f"{size} GB of DMS", "dms/storage/gp2", copies * size


def _endpoint(each: Registration, registered: Sequence[Registration]) -> _Parts:
    inputs = each.inputs
    zones = len(inputs.get("subnetIds") or ())
    yield f"endpoint in {zones} zones", "vpc/interface-endpoint", zones * HOURS


def _copied(each: Registration, registered: Sequence[Registration]) -> _Parts:
    yield "copied backups, a GB", "rds/backup", None


def _vault(each: Registration, registered: Sequence[Registration]) -> _Parts:
    yield "snapshots of a cluster, a GB", "aurora/backup", None


def _host(each: Registration, registered: Sequence[Registration]) -> _Parts:
    inputs = each.inputs
    class_, volume = inputs["instanceType"], inputs["rootBlockDevice"]
    size, type_ = volume["volumeSize"], volume["volumeType"]
    yield f"{class_} of EC2", f"ec2/{class_}", HOURS
    yield f"{size} GB {type_} of EBS", f"ebs/{type_}", size
    if inputs.get("associatePublicIpAddress"):
        yield "public address", "vpc/public-ipv4", HOURS


def _one(what: str, key: str) -> Callable[[Registration, Sequence[Registration]], _Parts]:
    def parts(each: Registration, registered: Sequence[Registration]) -> _Parts:
        yield what, key, 1

    return parts


_BILLED: Mapping[str, Callable[[Registration, Sequence[Registration]], _Parts]] = {
    "aws:rds/instance:Instance": _instance,
    "aws:rds/clusterInstance:ClusterInstance": _member,
    "aws:rds/cluster:Cluster": _cluster,
    "aws:rds/proxy:Proxy": _proxy,
    COPY: _copied,
    "aws:backup/vault:Vault": _vault,
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
    "aws:elasticache/cluster:Cluster": _memcached,
    "aws:elasticache/serverlessCache:ServerlessCache": _serverless_cache,
    "aws:dms/replicationInstance:ReplicationInstance": _replicator,
    "aws:ec2/instance:Instance": _host,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:kms/key:Key": _one("key", "kms/key"),
    "aws:secretsmanager/secret:Secret": _one("secret", SECRET),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _one("alarm", "cloudwatch/alarm"),
}
"""Groups, roles and rules cost nothing; logs, backups and traffic are billed by use."""
