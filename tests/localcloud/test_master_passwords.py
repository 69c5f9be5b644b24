"""Master passwords that RDS manages, and their rotation, on real servers and at real proxies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import mysql.connector
import psycopg
import pytest

from localcloud.fleet import Address, Fleet
from localcloud.site import Site
from tests.localcloud.fleet_site import fleet, mysql_at, postgres_at, site
from tests.localcloud.front_site import Endpoint, served

__all__ = ["fleet", "site"]


@pytest.fixture(scope="module")
def endpoint(site: Site, fleet: Fleet) -> Iterator[Endpoint]:
    with served(site, fleet) as found:  # type: ignore[arg-type]
        yield found


class Managed:
    """A database whose password RDS manages, as a client sees it."""

    def __init__(self, endpoint: Endpoint, site: Site, made: dict[str, Any]) -> None:
        self._secrets, self._site = endpoint.client("secretsmanager"), site
        self.secret = str(made["MasterUserSecret"]["SecretArn"])
        self.engine, self.user = made["Engine"], made["MasterUsername"]
        where = made["Endpoint"]
        self.hosts = [where["Address"] if isinstance(where, dict) else where]

    def password(self, stage: str = "AWSCURRENT") -> str:
        answer = self._secrets.get_secret_value(SecretId=self.secret, VersionStage=stage)
        facts = json.loads(answer["SecretString"])
        assert facts["username"] == self.user
        return str(facts["password"])

    def lets_in(self, password: str, host: str | None = None) -> bool:
        """Whether a new connection with this password is accepted."""
        where = Address(host or self.hosts[0], 5432 if self.engine == "postgres" else 3306)
        enter = postgres_at if self.engine == "postgres" else mysql_at
        try:
            with enter(self._site, where, user=self.user, password=password):
                return True
        except mysql.connector.Error as error:
            if error.errno != 1045:
                raise
        except psycopg.OperationalError as error:
            if "authentication failed" not in str(error):
                raise
        return False

    def rotate(self) -> None:
        self._secrets.rotate_secret(SecretId=self.secret)


@pytest.fixture(scope="module")
def every(endpoint: Endpoint, site: Site) -> dict[str, Managed]:
    """An instance of MySQL, one of PostgreSQL, and a cluster, none of whose passwords we chose."""
    rds = endpoint.client("rds")
    found = {}
    for engine, user in (("mysql", "admin"), ("postgres", "ledger")):
        made = rds.create_db_instance(
            DBInstanceIdentifier=engine,
            Engine=engine,
            MasterUsername=user,
            ManageMasterUserPassword=True,
            DBInstanceClass="db.t4g.medium",
            AllocatedStorage=20,
        )["DBInstance"]
        found[engine] = Managed(endpoint, site, made)
    made = rds.create_db_cluster(
        DBClusterIdentifier="cluster",
        Engine="aurora-mysql",
        MasterUsername="admin",
        ManageMasterUserPassword=True,
    )["DBCluster"]
    for name in ("one", "two"):
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBClusterIdentifier="cluster",
            Engine="aurora-mysql",
            DBInstanceClass="db.r5.large",
        )
    found["aurora-mysql"] = Managed(endpoint, site, made)
    found["aurora-mysql"].hosts.append(made["ReaderEndpoint"])
    return found


ENGINES = pytest.mark.parametrize("engine", ["mysql", "postgres", "aurora-mysql"])


@ENGINES
def test_a_rotation_changes_the_server_s_password_and_the_secret_s(
    every: dict[str, Managed], engine: str
) -> None:
    database = every[engine]
    for _ in range(2):
        before = database.password()
        assert all(database.lets_in(before, host) for host in database.hosts)
        database.rotate()
        after = database.password()
        assert after != before
        assert database.password("AWSPREVIOUS") == before
        # At every address, also where a reader answers: a secret is current when it is let in.
        assert all(database.lets_in(after, host) for host in database.hosts)
        assert not any(database.lets_in(before, host) for host in database.hosts)


@pytest.mark.parametrize("engine", ["mysql", "postgres"])
def test_rds_rotates_when_it_is_asked_to(
    every: dict[str, Managed], endpoint: Endpoint, engine: str
) -> None:
    database = every[engine]
    before = database.password()
    endpoint.client("rds").modify_db_instance(
        DBInstanceIdentifier=engine, RotateMasterUserPassword=True, ApplyImmediately=True
    )
    assert database.password() != before
    assert database.lets_in(database.password())


def test_the_next_connection_through_a_proxy_works(
    every: dict[str, Managed], endpoint: Endpoint, site: Site
) -> None:
    """Once a pooler knew of a rotation only when somebody described the proxy's targets."""
    database, rds = every["postgres"], endpoint.client("rds")
    subnets = [s["SubnetId"] for s in endpoint.client("ec2").describe_subnets()["Subnets"]]
    proxy = rds.create_db_proxy(
        DBProxyName="ledger-proxy",
        EngineFamily="POSTGRESQL",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": database.secret}],
        RoleArn="arn:aws:iam::123456789012:role/proxy",
        VpcSubnetIds=subnets,
    )["DBProxy"]["Endpoint"]
    rds.register_db_proxy_targets(DBProxyName="ledger-proxy", DBInstanceIdentifiers=["postgres"])
    assert database.lets_in(database.password(), proxy)
    for _ in range(2):
        before = database.password()
        database.rotate()
        assert database.lets_in(database.password(), proxy)
        assert not database.lets_in(before, proxy)


def test_a_password_of_one_s_own_reaches_the_proxy_whichever_is_changed_first(
    every: dict[str, Managed], endpoint: Endpoint, site: Site
) -> None:
    rds, secrets = endpoint.client("rds"), endpoint.client("secretsmanager")
    facts = {"username": "app", "password": "correct-horse-1"}
    arn = secrets.create_secret(Name="own", SecretString=json.dumps(facts))["ARN"]
    made = rds.create_db_instance(
        DBInstanceIdentifier="own",
        Engine="postgres",
        MasterUsername="app",
        MasterUserPassword="correct-horse-1",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=20,
    )["DBInstance"]
    own = Managed(endpoint, site, made | {"MasterUserSecret": {"SecretArn": arn}})
    subnets = [s["SubnetId"] for s in endpoint.client("ec2").describe_subnets()["Subnets"]]
    proxy = rds.create_db_proxy(
        DBProxyName="own-proxy",
        EngineFamily="POSTGRESQL",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": arn}],
        RoleArn="arn:aws:iam::123456789012:role/proxy",
        VpcSubnetIds=subnets,
    )["DBProxy"]["Endpoint"]
    rds.register_db_proxy_targets(DBProxyName="own-proxy", DBInstanceIdentifiers=["own"])

    def server(password: str) -> None:
        rds.modify_db_instance(DBInstanceIdentifier="own", MasterUserPassword=password)

    def secret(password: str) -> None:
        text = json.dumps(facts | {"password": password})
        secrets.put_secret_value(SecretId=arn, SecretString=text)

    for number, order in enumerate(((server, secret), (secret, server))):
        password = f"another-horse-{number}"
        for change in order:
            change(password)
        assert own.lets_in(password, proxy)
