"""Who may log in by a token: exactly one user of exactly one database, and nobody else."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.aurora_mysql import AuroraMysql, AuroraMysqlArgs
from components.aurora_serverless import AuroraServerless, AuroraServerlessArgs
from components.errors import ComponentError
from components.global_database import GlobalDatabase, GlobalDatabaseArgs
from components.rds_mariadb import RdsMariadb, RdsMariadbArgs
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.rds_oracle import RdsOracle, RdsOracleArgs
from components.rds_postgres import RdsPostgres, RdsPostgresArgs
from components.read_replica import ReadReplica, ReadReplicaArgs
from components.restored_instance import RestoredInstance, RestoredInstanceArgs
from components.token_logins import TokenLogins
from specs.read_replica import ReadReplica as ReplicaSpec
from specs.restored_instance import RestoredInstance as RestoredSpec
from specs.topologies import read
from tests.components.ground import ground, inputs
from tests.recorder import Recording, record
from tests.specs.configs import AURORA, MYSQL, REPLICA
from tests.specs.test_rds_editions import ORACLE
from tests.specs.test_token_logins import MARIADB, POSTGRES, SERVERLESS, WORLDWIDE

SECONDARY = {"identifier": "store-west", "class": "db.r6g.large", "region": "us-west-2"}
KINDS: dict[str, dict[str, Any]] = {
    "rds-mysql": MYSQL | {"performance_insights": None, "enhanced_monitoring": None},
    "rds-mariadb": MARIADB | {"enhanced_monitoring": None},
    "rds-postgres": POSTGRES | {"enhanced_monitoring": None},
    "aurora-mysql": AURORA | {"performance_insights": None},
    "aurora-serverless": SERVERLESS,
    "global-database": WORLDWIDE | {"secondaries": [SECONDARY | {"readers": []}]},
    "rds-oracle": ORACLE | {"enhanced_monitoring": None},
}
SERVERS = {
    "rds-mysql": ["us-east-1:123456789012:dbuser:db-db-instance"],
    "rds-mariadb": ["us-east-1:123456789012:dbuser:db-db-instance"],
    "rds-postgres": ["us-east-1:123456789012:dbuser:db-db-instance"],
    "aurora-mysql": ["us-east-1:123456789012:dbuser:cluster-db-cluster"],
    "aurora-serverless": ["us-east-1:123456789012:dbuser:cluster-db-cluster"],
    # Whichever of them writes, the users are the same.
    "global-database": [
        "us-east-1:123456789012:dbuser:cluster-db-cluster",
        "us-west-2:123456789012:dbuser:cluster-db-us-west-2-cluster",
    ],
}
APP = {"role": "orders-app", "user": "app"}


def database(kind: str, more: dict[str, Any]) -> TokenLogins:
    """Called inside a program: one of the kind, with ``more`` in its config."""
    plain = {key: value for key, value in (KINDS[kind] | more).items() if value is not None}
    spec: Any = read("us-east-1", None, {"db": plain}).topologies["db"]
    here = ground()
    net, key, at = here.network, here.key, "topologies.db"
    match kind:
        case "rds-mysql":
            return RdsMysql("db", RdsMysqlArgs(spec, net, key))
        case "rds-mariadb":
            return RdsMariadb("db", RdsMariadbArgs(spec, net, key))
        case "rds-postgres":
            return RdsPostgres("db", RdsPostgresArgs(spec, net, key))
        case "rds-oracle":
            return RdsOracle("db", RdsOracleArgs(spec, net, key))
        case "aurora-mysql":
            return AuroraMysql("db", AuroraMysqlArgs(spec, net, key, at))
        case "aurora-serverless":
            return AuroraServerless("db", AuroraServerlessArgs(spec, net, key, at))
    west = ground("us-west-2")
    others, keys = {"us-west-2": west.network}, {"us-west-2": west.key}
    return GlobalDatabase("db", GlobalDatabaseArgs(spec, net, key, at, others, keys))


def made(kind: str, preview: bool = False, **more: Any) -> Recording:
    def program() -> None:
        pulumi.export("facts", database(kind, more).facts)  # type: ignore[attr-defined]

    return record(program, preview=preview)


def policies(recording: Recording) -> dict[str, str]:
    return {
        r.name: r.parent for r in recording.resources if r.type == "aws:iam/rolePolicy:RolePolicy"
    }


@pytest.mark.parametrize("kind", SERVERS)
def test_the_role_may_be_this_user_of_this_database_and_no_more(kind: str) -> None:
    recording = made(kind, iam_auth=True, connect=[APP])
    assert policies(recording) == {"db-connect-orders-app-app": "db"}
    found = inputs(recording, "db-connect-orders-app-app")
    assert found.keys() == {"role", "policy"}
    assert found["role"] == "orders-app"
    assert json.loads(found["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "rds-db:connect",
                "Resource": [f"arn:aws:rds-db:{server}/app" for server in SERVERS[kind]],
            }
        ],
    }


@pytest.mark.parametrize("kind", SERVERS)
def test_it_takes_tokens_when_the_config_says_so(kind: str) -> None:
    for wanted in (True, False):
        recording = made(kind, iam_auth=wanted)
        asked = {
            r.name: r.inputs.get("iamDatabaseAuthenticationEnabled", False)
            for r in recording.resources
            if r.type in ("aws:rds/instance:Instance", "aws:rds/cluster:Cluster")
        }
        assert set(asked.values()) == {wanted}
        assert recording.outputs["facts"]["iam_auth"] is wanted
        assert policies(recording) == {}


def test_a_preview_shows_the_same_grants() -> None:
    more: dict[str, Any] = {"iam_auth": True, "connect": [APP, APP | {"user": "report"}]}
    expected = {"db-connect-orders-app-app": "db", "db-connect-orders-app-report": "db"}
    assert policies(made("rds-mysql", **more)) == expected
    assert policies(made("rds-mysql", preview=True, **more)) == expected


def test_a_program_may_let_in_a_role_of_its_own() -> None:
    def program() -> None:
        role = aws.iam.Role("app", assume_role_policy="{}")
        database("aurora-mysql", {"iam_auth": True}).allow_connect(role, "app")

    recording = record(program)
    assert policies(recording) == {"db-connect-app-app": "db"}
    # The name that AWS gave the role.
    assert inputs(recording, "db-connect-app-app")["role"] == "app-1a2b3c4"


@pytest.mark.parametrize(
    ("kind", "more"), [("rds-mysql", {}), ("aurora-mysql", {}), ("rds-oracle", {})]
)
def test_a_database_without_tokens_lets_nobody_in(kind: str, more: dict[str, Any]) -> None:
    with pytest.raises(ComponentError, match="db: takes no tokens, so 'app' cannot log in by one"):
        record(lambda: print(database(kind, more).allow_connect("orders-app", "app")))


def copies(iam_auth: bool) -> Recording:
    def program() -> None:
        source = database("rds-mysql", {"iam_auth": iam_auth})
        assert isinstance(source, RdsMysql)
        here = ground("us-west-2")
        connect = [APP] if iam_auth else []
        plain = {k: v for k, v in REPLICA.items() if k != "enhanced_monitoring"}
        spec = ReplicaSpec.model_validate(plain | {"connect": connect})
        args = ReadReplicaArgs(spec, source, "db", here.network, here.key)
        pulumi.export("replica", ReadReplica("replica", args).facts)
        again = {"kind": "restored-instance", "source": "db", "identifier": "again", "at": "latest"}
        restored = RestoredSpec.model_validate(again | {"class": "db.t3.micro"})
        args_of_it = RestoredInstanceArgs(restored, source, "db", source.network)
        pulumi.export("restored", RestoredInstance("restored", args_of_it).facts)

    return record(program)


def test_copies_take_what_their_source_takes() -> None:
    # RDS switches it off in a copy that does not ask, and the users came along.
    for wanted in (True, False):
        recording = copies(wanted)
        for name in ("replica", "restored"):
            asked = inputs(recording, f"{name}-instance").get("iamDatabaseAuthenticationEnabled")
            assert bool(asked) is wanted
            assert recording.outputs[name]["iam_auth"] is wanted


def test_a_grant_for_a_replica_is_for_the_replica() -> None:
    recording = copies(True)
    assert policies(recording) == {"replica-connect-orders-app-app": "replica"}
    document = json.loads(inputs(recording, "replica-connect-orders-app-app")["policy"])
    assert document["Statement"][0]["Resource"] == [
        "arn:aws:rds-db:us-west-2:123456789012:dbuser:db-replica-instance/app"
    ]
