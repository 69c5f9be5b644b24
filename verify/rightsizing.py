"""`python -m verify.rightsizing`: which class would do for each instance and node.

Read from two weeks of CloudWatch, or what there is. It changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contract import ContractError, Database
from verify.aws import Cloud
from verify.cli import add_deployment_flags
from verify.deployment import databases_of, find_deployment
from verify.errors import CannotRun, StepFailed
from verify.fitting import HOURS_WANTED, LEAST_HOURS, Usage, Verdict, fit
from verify.sizes import size

_HOUR_S = 3600
_GIB = 1024**3
_CACHES = ("redis", "valkey", "memcached")
SERVERLESS = "db.serverless"

Dimensions = list[dict[str, str]]


@dataclass(frozen=True)
class Sized:
    """One instance or node, its class and what would do."""

    database: str
    name: str
    class_: str
    verdict: Verdict


def main(argv: Sequence[str] | None = None) -> int:
    """0 when CloudWatch could be read, whatever it says; 2 with one sentence when not."""
    parser = argparse.ArgumentParser(prog="python -m verify.rightsizing", description=__doc__)
    add_deployment_flags(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    try:
        deployment = find_deployment(arguments.stack, arguments.outputs)
        cloud = Cloud(deployment.access, arguments.timeout)
        found = list(right_sizes(databases_of(deployment), cloud))
    except (CannotRun, StepFailed, ContractError) as error:
        print(f"verify.rightsizing: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        print(json.dumps([asdict(each) for each in found], indent=1))
        return 0
    for each in found:
        print(f"{each.database} {each.name} ({each.class_}): {each.verdict}")
    if any(each.verdict.advice == "too little data" for each in found):
        print(f"too little data is less than {LEAST_HOURS} hours; ask again then")
    return 0


def right_sizes(databases: dict[str, Database], cloud: Cloud) -> Iterator[Sized]:
    """Each instance and each node of the databases; what is serverless has no class."""
    for name, database in databases.items():
        if database.engine in _CACHES:
            yield from _nodes(name, database, cloud)
            continue
        places = [(database.region, database.instances)]
        if database.worldwide is not None:
            places += [(each.region, each.instances) for each in database.worldwide.secondaries]
        for region, instances in places:
            for instance in instances:
                class_ = str(cloud.instance(region, instance)["DBInstanceClass"])
                usage = _of_instance(cloud, region, instance, class_)
                yield Sized(name, instance, class_, _verdict(class_, usage))


def _verdict(class_: str, usage: Usage) -> Verdict:
    verdict = fit(class_, usage)
    if class_ != SERVERLESS or verdict.advice == "too little data":
        return verdict
    return Verdict("keep", class_, f"Aurora sizes it by itself; {verdict.numbers}")


def _of_instance(cloud: Cloud, region: str, instance: str, class_: str) -> Usage:
    dimensions = [{"Name": "DBInstanceIdentifier", "Value": instance}]
    cpu = _hours(cloud, region, "AWS/RDS", "CPUUtilization", dimensions)
    free = _hours(cloud, region, "AWS/RDS", "FreeableMemory", dimensions)
    known = size(class_)
    return Usage(
        cpu_average=[hour["Average"] for hour in cpu],
        cpu_most=[hour["Maximum"] for hour in cpu],
        memory_percent=[]
        if known is None
        else [100 * (1 - hour["Minimum"] / (known.memory_gib * _GIB)) for hour in free],
    )


def _nodes(name: str, database: Database, cloud: Cloud) -> Iterator[Sized]:
    if database.cluster is None or not database.instances:
        return
    memcached = database.engine == "memcached"
    for node in database.instances:
        # Memcached's nodes are parts of one cluster, Redis's are clusters of one node.
        cluster, number = (database.cluster, node) if memcached else (node, "0001")
        class_ = str(_node_type(cloud, database, memcached))
        usage = _of_node(cloud, database.region, cluster, number, memcached=memcached)
        yield Sized(name, node, class_, fit(class_, usage))


def _node_type(cloud: Cloud, database: Database, memcached: bool) -> Any:
    cluster = database.cluster or ""
    if memcached:
        return cloud.cache_cluster(database.region, cluster)["CacheNodeType"]
    return cloud.replication_group(database.region, cluster)["CacheNodeType"]


def _of_node(cloud: Cloud, region: str, cluster: str, number: str, *, memcached: bool) -> Usage:
    dimensions = [
        {"Name": "CacheClusterId", "Value": cluster},
        {"Name": "CacheNodeId", "Value": number},
    ]

    def hours(metric: str) -> list[dict[str, Any]]:
        return _hours(cloud, region, "AWS/ElastiCache", metric, dimensions)

    cpu = hours("CPUUtilization")
    # Memcached uses all its memory for ever; that it had too little shows in its evictions.
    memory = [] if memcached else hours("DatabaseMemoryUsagePercentage")
    return Usage(
        cpu_average=[hour["Average"] for hour in cpu],
        cpu_most=[hour["Maximum"] for hour in cpu],
        memory_percent=[hour["Maximum"] for hour in memory],
        evictions=sum(hour["Sum"] for hour in hours("Evictions")),
    )


def _hours(
    cloud: Cloud, region: str, namespace: str, metric: str, dimensions: Dimensions
) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    answer = cloud.ask(
        "cloudwatch",
        region,
        "get_metric_statistics",
        Namespace=namespace,
        MetricName=metric,
        Dimensions=dimensions,
        StartTime=now - timedelta(hours=HOURS_WANTED),
        EndTime=now,
        Period=_HOUR_S,
        Statistics=["Average", "Maximum", "Minimum", "Sum"],
    )
    found: list[dict[str, Any]] = answer["Datapoints"]
    return found


if __name__ == "__main__":
    sys.exit(main())
