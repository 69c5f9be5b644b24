"""RDS Proxy in front of real clusters of every engine: it has an address for their readers."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.clusters import lead, verify
from tests.verify.command import Verify
from tests.verify.databases import REGION, ROLE
from tests.verify.engines import USER

__all__ = ["verify"]
READER = "its reader endpoint leads to a reader"
ENGINES = {"shop": "postgres", "bookings": "postgres", "stock": "mysql"}
CODES = {"shop": "25006", "bookings": "25006", "stock": "1290"}
CLUSTERS = pytest.mark.parametrize("name", ENGINES)


@pytest.fixture(scope="session")
def made(cloud: TestCloud, clusters: dict[str, Any]) -> dict[str, Any]:
    """A proxy for each cluster, with an address for its readers."""
    rds = cloud.client("rds")
    subnets = [s["SubnetId"] for s in cloud.client("ec2").describe_subnets()["Subnets"]]
    found: dict[str, Any] = {}
    for name, engine in ENGINES.items():
        names, secret = {"DBProxyName": f"{name}-proxy"}, clusters[name]["secret_arn"]
        hosts = {
            "writer": rds.create_db_proxy(
                **names,
                EngineFamily="MYSQL" if engine == "mysql" else "POSTGRESQL",
                Auth=[{"AuthScheme": "SECRETS", "SecretArn": secret}],
                RoleArn=ROLE,
                VpcSubnetIds=subnets,
                RequireTLS=True,
            )["DBProxy"]["Endpoint"],
            "reader": rds.create_db_proxy_endpoint(
                **names,
                DBProxyEndpointName=f"{name}-proxy-reader",
                VpcSubnetIds=subnets,
                TargetRole="READ_ONLY",
            )["DBProxyEndpoint"]["Endpoint"],
        }
        rds.register_db_proxy_targets(**names, DBClusterIdentifiers=[name])
        port = clusters[name]["endpoints"][0]["port"]
        found[name] = {
            "kind": "rds-proxy",
            "engine": engine,
            "version": clusters[name]["version"],
            "region": REGION,
            "user": USER,
            "secret_arn": secret,
            "source": name,
            "proxy": f"{name}-proxy",
            "endpoints": [
                {"role": role, "host": host, "port": port} for role, host in hosts.items()
            ],
        }
    return found


def put(verify: Verify, made: dict[str, Any], name: str) -> None:
    """The proxy of one cluster into the record, to be bent."""
    verify.databases["pool"] = copy.deepcopy(made[name])
    verify.record["access"]["lacks"] = {"mysql-pooling": "nobody pools MySQL here"}


@CLUSTERS
def test_it_passes_and_its_reader_endpoint_refuses_writes(
    verify: Verify, made: dict[str, Any], name: str
) -> None:
    # PostgreSQL's 25006 was taken for another refusal than MySQL's 1290.
    put(verify, made, name)
    done = verify("proxy")
    assert done.failed == {}
    assert f"(error {CODES[name]})" in done.step(READER)[1]


@CLUSTERS
def test_a_reader_endpoint_that_leads_to_the_writer_fails(
    verify: Verify, made: dict[str, Any], name: str
) -> None:
    writer = verify.databases[name]["instances"][0]
    lead(verify, name, "reader", writer)
    put(verify, made, name)
    # The writer's own address in place of the proxy's reader endpoint.
    host = verify.endpoint(name, "reader")["host"]
    verify.endpoint("pool", "reader")["host"] = host
    done = verify("proxy")
    assert set(done.failed) == {READER}
    assert done.failed[READER].startswith("it leads to the writer ")
