from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.aurora_cluster import AuroraArgs
from components.aurora_mysql import AuroraMysql, AuroraMysqlArgs
from components.aurora_postgresql import AuroraPostgresql
from components.migration_network import SecretsEndpoint
from components.multi_az_cluster import MultiAzArgs
from components.multi_az_mysql import MultiAzMysql
from components.multi_az_postgres import MultiAzPostgres
from components.rds_mariadb import RdsMariadb, RdsMariadbArgs
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.rds_postgres import RdsPostgres, RdsPostgresArgs
from components.rds_proxy import RdsProxy, RdsProxyArgs
from specs.aurora_mysql import AuroraMysql as AuroraSpec
from specs.aurora_postgresql import AuroraPostgresql as AuroraPostgresqlSpec
from specs.migration import AccountWide
from specs.multi_az_mysql import MultiAzMysql as MultiAzMysqlSpec
from specs.multi_az_postgres import MultiAzPostgres as MultiAzPostgresSpec
from specs.rds_mariadb import RdsMariadb as MariadbSpec
from specs.rds_mysql import RdsMysql as MysqlSpec
from specs.rds_postgres import RdsPostgres as PostgresSpec
from specs.rds_proxy import RdsProxy as Spec
from tests.components.ground import ground, inputs
from tests.components.test_aurora_mysql import SPEC as AURORA
from tests.components.test_rds_engines import LEDGER, WIKI
from tests.components.test_rds_mysql import SPEC as MYSQL
from tests.recorder import Recording, record
from tests.specs.configs import AURORA_POSTGRESQL, MULTI_AZ_MYSQL, MULTI_AZ_POSTGRES

SPEC: dict[str, Any] = {"kind": "rds-proxy", "identifier": "myapp-proxy", "target": "db"}
CHILDREN = {
    "proxy-access-role": "aws-databases:index:ProxyRole",
    "proxy-access-role-role": "aws:iam/role:Role",
    "proxy-access-role-policy": "aws:iam/rolePolicy:RolePolicy",
    "proxy-access": "aws-databases:index:DatabaseSecurityGroup",
    "proxy-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "proxy-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "proxy-into-target": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "proxy-to-target": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "proxy-to-secrets": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "proxy-proxy": "aws:rds/proxy:Proxy",
    "proxy-pool": "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
    "proxy-target": "aws:rds/proxyTarget:ProxyTarget",
}
POSTGRES = PostgresSpec.model_validate(LEDGER | {"enhanced_monitoring": None})
MARIADB = MariadbSpec.model_validate(WIKI)
SUBNETS = [f"subnet-us-east-1-{letter}" for letter in "abcdf"]
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-credentials-secret-AbCdEf"


def made(target: str, secrets: AccountWide | None = None, **changes: Any) -> Recording:
    spec = Spec.model_validate(SPEC | changes)

    def program() -> None:
        here = ground()
        behind: RdsMysql | AuroraMysql
        if target == "instance":
            mysql = MysqlSpec.model_validate(MYSQL | {"enhanced_monitoring": None})
            behind = RdsMysql("db", RdsMysqlArgs(mysql, here.network, here.key))
        else:
            aurora = AuroraSpec.model_validate(AURORA)
            behind = AuroraMysql("db", AuroraMysqlArgs(aurora, here.network, here.key, "at"))
        inside = SecretsEndpoint("secrets", here.network, secrets) if secrets else None
        args = RdsProxyArgs(spec, behind, "db", here.network, here.key, inside)
        pulumi.export("facts", RdsProxy("proxy", args).facts)

    return record(program)


@pytest.fixture(scope="module")
def instance() -> Recording:
    return made("instance")


@pytest.fixture(scope="module")
def cluster() -> Recording:
    pool = {"most_percent": 80, "idle_percent": 20, "borrow_timeout_seconds": 30}
    return made("cluster", reader_endpoint=True, pool=pool | {"pinned_by_variables": False})


def test_the_exact_children(instance: Recording, cluster: Recording) -> None:
    assert instance.below("proxy") == CHILDREN
    assert cluster.below("proxy") == {
        **CHILDREN,
        "proxy-reader": "aws:rds/proxyEndpoint:ProxyEndpoint",
    }


def test_the_proxy_requires_tls_and_reads_one_secret(instance: Recording) -> None:
    assert inputs(instance, "proxy-proxy") == {
        "region": "us-east-1",
        "name": "myapp-proxy",
        "engineFamily": "MYSQL",
        "auths": [
            {
                "authScheme": "SECRETS",
                "secretArn": SECRET,
                "iamAuth": "DISABLED",
                # MySQL 8.4 has no other for its master user.
                "clientPasswordAuthType": "MYSQL_CACHING_SHA2_PASSWORD",
            }
        ],
        "roleArn": "arn:aws:iam::123456789012:role/proxy-access-role-role",
        "requireTls": True,
        "idleClientTimeout": 1800,
        "debugLogging": False,
        "vpcSubnetIds": SUBNETS,
        "vpcSecurityGroupIds": ["proxy-access-group-id"],
    }


def test_iam_is_required_where_the_config_says_so() -> None:
    auth = made("instance", authentication="iam").named("proxy-proxy").inputs["auths"][0]
    assert auth["iamAuth"] == "REQUIRED"


def test_aurora_3_still_knows_passwords_by_the_old_plugin(cluster: Recording) -> None:
    auth = cluster.named("proxy-proxy").inputs["auths"][0]
    assert auth["clientPasswordAuthType"] == "MYSQL_NATIVE_PASSWORD"


def test_the_doors_between_clients_proxy_database_and_secrets(instance: Recording) -> None:
    def door(name: str) -> tuple[Any, ...]:
        rule = instance.named(name).inputs
        peer = rule.get("referencedSecurityGroupId") or rule["cidrIpv4"]
        return rule["securityGroupId"], peer, rule["fromPort"], rule["toPort"]

    clients = "network-us-east-1-clients-id"
    assert door("proxy-access-from-clients") == ("proxy-access-group-id", clients, 3306, 3306)
    assert door("proxy-to-target") == ("proxy-access-group-id", "db-access-group-id", 3306, 3306)
    assert door("proxy-into-target") == ("db-access-group-id", "proxy-access-group-id", 3306, 3306)
    assert door("proxy-to-secrets") == ("proxy-access-group-id", "0.0.0.0/0", 443, 443)


def test_where_secrets_manager_is_in_the_vpc_the_proxy_reaches_nothing_else() -> None:
    recording = made("instance", "create")
    rule = inputs(recording, "proxy-to-secrets")
    assert rule["referencedSecurityGroupId"] == "secrets-group-id"
    assert "cidrIpv4" not in rule
    # Without the endpoint it would be a proxy that cannot read its secret.
    assert "secrets-endpoint" in recording.named("proxy-proxy").depends_on


def test_an_endpoint_that_is_not_ours_may_be_anywhere() -> None:
    assert inputs(made("instance", "adopt"), "proxy-to-secrets")["cidrIpv4"] == "0.0.0.0/0"


def test_the_target_is_an_instance_or_a_cluster(instance: Recording, cluster: Recording) -> None:
    common = {
        "region": "us-east-1",
        "dbProxyName": "myapp-proxy",
        "targetGroupName": "default",
    }
    assert inputs(instance, "proxy-target") == {**common, "dbInstanceIdentifier": "myapp-mysql-db"}
    assert inputs(cluster, "proxy-target") == {
        **common,
        "dbClusterIdentifier": "myapp-aurora-cluster",
    }


def test_a_cluster_is_a_target_only_when_its_members_are_there(cluster: Recording) -> None:
    # Registered earlier it is an InvalidDBInstanceState.
    members = {
        r.name for r in cluster.resources if r.type == "aws:rds/clusterInstance:ClusterInstance"
    }
    assert members
    assert members <= set(cluster.named("proxy-target").depends_on)


def test_the_pool(instance: Recording, cluster: Recording) -> None:
    assert inputs(instance, "proxy-pool")["connectionPoolConfig"] == {
        "maxConnectionsPercent": 100,
        "maxIdleConnectionsPercent": 50,
        "connectionBorrowTimeout": 120,
        "sessionPinningFilters": [],
    }
    assert inputs(cluster, "proxy-pool")["connectionPoolConfig"] == {
        "maxConnectionsPercent": 80,
        "maxIdleConnectionsPercent": 20,
        "connectionBorrowTimeout": 30,
        "sessionPinningFilters": ["EXCLUDE_VARIABLE_SETS"],
    }


def test_the_reader_endpoint(cluster: Recording) -> None:
    assert inputs(cluster, "proxy-reader") == {
        "region": "us-east-1",
        "dbProxyName": "myapp-proxy",
        "dbProxyEndpointName": "myapp-proxy-reader",
        "targetRole": "READ_ONLY",
        "vpcSubnetIds": SUBNETS,
        "vpcSecurityGroupIds": ["proxy-access-group-id"],
    }


def test_its_facts_lead_to_its_target(cluster: Recording) -> None:
    facts = cluster.outputs["facts"]
    assert [(e["role"], e["host"]) for e in facts["endpoints"]] == [
        ("writer", "myapp-proxy.proxy.us-east-1"),
        ("reader", "myapp-proxy-reader.endpoint.proxy.us-east-1"),
    ]
    assert (facts["source"], facts["proxy"], facts["secret_arn"]) == ("db", "myapp-proxy", SECRET)


@pytest.mark.parametrize(
    ("component", "arguments", "spec", "family", "plugin", "port"),
    [
        (RdsPostgres, RdsPostgresArgs, POSTGRES, "POSTGRESQL", "POSTGRES_SCRAM_SHA_256", 5432),
        (RdsMariadb, RdsMariadbArgs, MARIADB, "MYSQL", "MYSQL_NATIVE_PASSWORD", 3306),
    ],
)
def test_other_engines(
    component: Any, arguments: Any, spec: Any, family: str, plugin: str, port: int
) -> None:
    def program() -> None:
        here = ground()
        behind = component("db", arguments(spec, here.network, here.key))
        args = RdsProxyArgs(Spec.model_validate(SPEC), behind, "db", here.network, here.key)
        pulumi.export("facts", RdsProxy("proxy", args).facts)

    made = record(program)
    assert made.below("proxy") == CHILDREN
    proxy = made.named("proxy-proxy").inputs
    assert proxy["engineFamily"] == family
    assert proxy["auths"][0]["clientPasswordAuthType"] == plugin
    for name in ("proxy-access-from-clients", "proxy-into-target", "proxy-to-target"):
        rule = made.named(name).inputs
        assert (rule["fromPort"], rule["toPort"]) == (port, port)
    facts = made.outputs["facts"]
    assert facts["endpoints"][0]["port"] == port
    assert facts["engine"] == {"POSTGRESQL": "postgres", "MYSQL": "mariadb"}[family]


MONITORED = {"enhanced_monitoring": None}
CLUSTERS: list[tuple[Any, Any, Any, tuple[str, str, int, str]]] = [
    (
        AuroraPostgresql,
        AuroraArgs,
        AuroraPostgresqlSpec.model_validate(AURORA_POSTGRESQL),
        ("POSTGRESQL", "POSTGRES_SCRAM_SHA_256", 5432, "postgres"),
    ),
    (
        MultiAzPostgres,
        MultiAzArgs,
        MultiAzPostgresSpec.model_validate(MULTI_AZ_POSTGRES | MONITORED),
        ("POSTGRESQL", "POSTGRES_SCRAM_SHA_256", 5432, "postgres"),
    ),
    (
        MultiAzMysql,
        MultiAzArgs,
        MultiAzMysqlSpec.model_validate(MULTI_AZ_MYSQL | MONITORED),
        ("MYSQL", "MYSQL_CACHING_SHA2_PASSWORD", 3306, "mysql"),
    ),
]


@pytest.mark.parametrize(
    ("component", "arguments", "spec", "wanted"), CLUSTERS, ids=lambda v: getattr(v, "kind", None)
)
def test_other_clusters_and_their_readers(
    component: Any, arguments: Any, spec: Any, wanted: tuple[str, str, int, str]
) -> None:
    def program() -> None:
        here = ground()
        behind = component("db", arguments(spec, here.network, here.key, "topologies.db"))
        proxy = Spec.model_validate(SPEC | {"reader_endpoint": True})
        args = RdsProxyArgs(proxy, behind, "db", here.network, here.key)
        pulumi.export("facts", RdsProxy("proxy", args).facts)

    made = record(program)
    assert made.below("proxy") == {
        **CHILDREN,
        "proxy-reader": "aws:rds/proxyEndpoint:ProxyEndpoint",
    }
    proxy, facts = made.named("proxy-proxy").inputs, made.outputs["facts"]
    port = made.named("proxy-into-target").inputs["fromPort"]
    plugin = proxy["auths"][0]["clientPasswordAuthType"]
    assert (proxy["engineFamily"], plugin, port, facts["engine"]) == wanted
    assert [(e["role"], e["port"]) for e in facts["endpoints"]] == [
        ("writer", wanted[2]),
        ("reader", wanted[2]),
    ]
    assert facts["database"] == spec.database
    assert inputs(made, "proxy-target") == {
        "region": "us-east-1",
        "dbProxyName": "myapp-proxy",
        "targetGroupName": "default",
        "dbClusterIdentifier": spec.identifier,
    }
    waits = set(made.named("proxy-target").depends_on)
    members = {r.name for r in made.resources if r.type.endswith(":ClusterInstance")}
    assert members | {"db-cluster"} <= waits
