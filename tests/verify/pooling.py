"""A proxy that pools, in front of a PostgreSQL, in the session's cloud."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.databases import REGION, ROLE
from tests.verify.engines import USER


@pytest.fixture(scope="session")
def pool(cloud: TestCloud, engines: dict[str, Any]) -> dict[str, Any]:
    """A proxy in front of ``ledger``."""
    rds, names = cloud.client("rds"), {"DBProxyName": "ledger-proxy"}
    subnets = [s["SubnetId"] for s in cloud.client("ec2").describe_subnets()["Subnets"]]
    secret = engines["ledger"]["secret_arn"]
    host = rds.create_db_proxy(
        **names,
        EngineFamily="POSTGRESQL",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": secret}],
        RoleArn=ROLE,
        VpcSubnetIds=subnets,
        RequireTLS=True,
    )["DBProxy"]["Endpoint"]
    rds.register_db_proxy_targets(**names, DBInstanceIdentifiers=["ledger"])
    return {
        "kind": "rds-proxy",
        "engine": "postgres",
        "version": "17",
        "region": REGION,
        "user": USER,
        "secret_arn": secret,
        "source": "ledger",
        "proxy": "ledger-proxy",
        "endpoints": [{"role": "writer", "host": host, "port": 5432}],
    }
