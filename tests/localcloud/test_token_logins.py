"""Logins by a token at real servers: made by plain boto3, with the statements of AWS's manual."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
import mysql.connector
import psycopg
import pytest

from localcloud import daemon
from localcloud.fleet import Address
from localcloud.site import ACCOUNT_ID, Site
from tests.localcloud.fleet_site import ADMIN, eventually, mysql_at, postgres_at, site
from tests.localcloud.front_site import client_of

__all__ = ["site"]
REGION = "us-east-1"
ACCESS_DENIED = 1045
CHIEF = "chief"
"""PostgreSQL keeps admin for itself."""
PASSWORD = {"MasterUsername": CHIEF, "MasterUserPassword": ADMIN.password}


@dataclass
class Ground:
    """An instance of MySQL with a replica, one of PostgreSQL, and a cluster; ``app`` in each."""

    site: Site
    mysql: Address
    replica: Address
    postgres: Address
    writer: Address
    reader: Address
    member: Address
    resource_ids: dict[str, str]

    def client(self, service: str) -> Any:
        return client_of(self.site.endpoint_url, service)

    def token(self, address: Address, user: str = "app", client: Any = None) -> str:
        signer = client or self.client("rds")
        made = signer.generate_db_auth_token(address.host, address.port, user)
        assert isinstance(made, str)
        return made

    def as_role(self, name: str) -> Any:
        """A client of RDS that has assumed the role."""
        role = f"arn:aws:iam::{ACCOUNT_ID}:role/{name}"
        given = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return boto3.client(
            "rds",
            region_name=REGION,
            endpoint_url=self.site.endpoint_url,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    def enters(self, address: Address, secret: str, user: str = "app") -> bool:
        """Whether ``app`` gets in; refused it is for the secret, and for nothing else."""
        if address.port == 5432:
            return self._enters_postgres(address, secret, user)
        try:
            with mysql_at(self.site, address, user=user, password=secret) as cursor:
                cursor.execute("SELECT CURRENT_USER()")
                assert cursor.fetchall() == [(f"{user}@%",)]
        except mysql.connector.Error as error:
            if error.errno != ACCESS_DENIED:
                raise
            return False
        return True

    def _enters_postgres(self, address: Address, secret: str, user: str) -> bool:
        try:
            with postgres_at(self.site, address, user=user, password=secret) as connection:
                assert connection.execute("SELECT current_user").fetchall() == [(user,)]
        except psycopg.OperationalError as error:
            if "authentication failed" not in str(error):
                raise
            return False
        return True


@pytest.fixture(scope="module")
def ground(site: Site) -> Iterator[Ground]:
    try:
        daemon.ensure_running(site, 60)
        yield _made(site)
    finally:
        daemon.stop(site)


def _made(site: Site) -> Ground:
    rds = client_of(site.endpoint_url, "rds")

    def instance(name: str, engine: str, version: str) -> dict[str, Any]:
        made: dict[str, Any] = rds.create_db_instance(
            DBInstanceIdentifier=name,
            Engine=engine,
            EngineVersion=version,
            DBInstanceClass="db.t4g.medium",
            AllocatedStorage=20,
            EnableIAMDatabaseAuthentication=True,
            **PASSWORD,
        )["DBInstance"]
        return made

    def cluster() -> tuple[dict[str, Any], dict[str, Any]]:
        made = rds.create_db_cluster(
            DBClusterIdentifier="cluster",
            Engine="aurora-mysql",
            EnableIAMDatabaseAuthentication=True,
            **PASSWORD,
        )["DBCluster"]
        for name in ("member", "other"):
            member = rds.create_db_instance(
                DBInstanceIdentifier=name,
                DBClusterIdentifier="cluster",
                Engine="aurora-mysql",
                DBInstanceClass="db.r5.large",
            )["DBInstance"]
        return made, member

    with ThreadPoolExecutor(3) as pool:
        mysql_made = pool.submit(instance, "mysql", "mysql", "8.4")
        postgres_made = pool.submit(instance, "postgres", "postgres", "17")
        clusters_made = pool.submit(cluster)
        source, ledger = mysql_made.result(), postgres_made.result()
        aurora, member = clusters_made.result()
    copy = rds.create_db_instance_read_replica(
        DBInstanceIdentifier="copy",
        SourceDBInstanceIdentifier="mysql",
        EnableIAMDatabaseAuthentication=True,
    )["DBInstance"]
    found = Ground(
        site=site,
        mysql=_address(source),
        replica=_address(copy),
        postgres=_address(ledger),
        writer=Address(aurora["Endpoint"], 3306),
        reader=Address(aurora["ReaderEndpoint"], 3306),
        member=_address(member),
        resource_ids={
            "mysql": source["DbiResourceId"],
            "postgres": ledger["DbiResourceId"],
            "cluster": aurora["DbClusterResourceId"],
        },
    )
    for address in (found.mysql, found.writer):
        with mysql_at(site, address, user=CHIEF) as cursor:
            cursor.execute("CREATE USER app IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'")
            cursor.execute("ALTER USER 'app'@'%' REQUIRE SSL")
    with postgres_at(site, found.postgres, user=CHIEF) as connection:
        connection.execute("CREATE USER app WITH LOGIN")
        connection.execute("GRANT rds_iam TO app")
    return found


def _address(instance: dict[str, Any]) -> Address:
    return Address(instance["Endpoint"]["Address"], instance["Endpoint"]["Port"])


ENGINES: dict[str, Callable[[Ground], Address]] = {
    "mysql": lambda ground: ground.mysql,
    "postgres": lambda ground: ground.postgres,
    "cluster": lambda ground: ground.writer,
}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_token_lets_its_user_in_and_nobody_else(ground: Ground, engine: str) -> None:
    here = ENGINES[engine](ground)
    for _ in range(2):
        # Good as often as one likes.
        assert ground.enters(here, ground.token(here))
    assert not ground.enters(here, ground.token(here, "other"))
    assert not ground.enters(here, ground.token(Address("127.0.0.1", here.port)))
    assert not ground.enters(here, ground.token(here)[:-1] + "x")
    assert not ground.enters(here, "a-password")
    # The master user has a password, and tokens are nothing to it.
    assert not ground.enters(here, ground.token(here, CHIEF), CHIEF)


def test_every_address_of_a_cluster_takes_tokens_for_any_of_them(ground: Ground) -> None:
    eventually(lambda: ground.enters(ground.reader, ground.token(ground.reader)), "app arrives")
    assert ground.enters(ground.member, ground.token(ground.member))
    assert ground.enters(ground.writer, ground.token(ground.reader))
    assert not ground.enters(ground.writer, ground.token(ground.mysql))


def test_a_replica_takes_tokens_for_itself(ground: Ground) -> None:
    eventually(lambda: ground.enters(ground.replica, ground.token(ground.replica)), "app arrives")
    assert not ground.enters(ground.replica, ground.token(ground.mysql))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_role_gets_in_where_its_policy_says_so(ground: Ground, engine: str) -> None:
    here, iam = ENGINES[engine](ground), ground.client("iam")
    iam.create_role(RoleName=f"app-{engine}", AssumeRolePolicyDocument=json.dumps(_TRUST))
    role = ground.as_role(f"app-{engine}")
    assert len(ground.token(here, client=role)) > 512
    assert not ground.enters(here, ground.token(here, client=role))
    for user, expected in (("other", False), ("app", True)):
        resource = f"{ground.resource_ids[engine]}/{user}"
        iam.put_role_policy(
            RoleName=f"app-{engine}",
            PolicyName="connect",
            PolicyDocument=json.dumps(_policy(f"{REGION}:{ACCOUNT_ID}:dbuser:{resource}")),
        )
        assert ground.enters(here, ground.token(here, client=role)) is expected


def test_a_role_that_is_not_there_gets_in_nowhere(ground: Ground) -> None:
    assert not ground.enters(ground.mysql, ground.token(ground.mysql, client=ground.as_role("no")))


@pytest.mark.parametrize("engine", ENGINES)
def test_switched_off_nobody_gets_in_and_on_again_without_a_reboot(
    ground: Ground, engine: str
) -> None:
    here, rds = ENGINES[engine](ground), ground.client("rds")

    def switch(on: bool) -> None:
        wanted = {"EnableIAMDatabaseAuthentication": on, "ApplyImmediately": True}
        if engine == "cluster":
            rds.modify_db_cluster(DBClusterIdentifier="cluster", **wanted)
        else:
            rds.modify_db_instance(DBInstanceIdentifier=engine, **wanted)

    switch(False)
    assert not ground.enters(here, ground.token(here))
    switch(True)
    assert ground.enters(here, ground.token(here))


def test_without_tls_a_token_is_not_even_sent(ground: Ground) -> None:
    token = ground.token(ground.mysql)
    with pytest.raises(mysql.connector.Error, match="requires SSL"):
        mysql.connector.connect(
            host=ground.mysql.host, user="app", password=token, ssl_disabled=True, use_pure=True
        )
    where = {"user": "app", "password": ground.token(ground.postgres), "sslmode": "disable"}
    with (
        pytest.raises(psycopg.OperationalError, match="no encryption"),
        postgres_at(ground.site, ground.postgres, **where, sslrootcert=None),
    ):
        pass


def test_a_user_that_is_granted_rds_iam_has_no_password_any_more(ground: Ground) -> None:
    with postgres_at(ground.site, ground.postgres, user=CHIEF) as connection:
        connection.execute("CREATE USER turncoat WITH LOGIN PASSWORD 'a-password'")
        assert ground.enters(ground.postgres, "a-password", "turncoat")
        connection.execute("GRANT rds_iam TO turncoat")
        assert not ground.enters(ground.postgres, "a-password", "turncoat")
        assert ground.enters(ground.postgres, ground.token(ground.postgres, "turncoat"), "turncoat")


def test_without_the_daemon_no_token_is_good_and_every_password_is(ground: Ground) -> None:
    tokens = {here: ground.token(here) for here in (ground.mysql, ground.postgres)}
    daemon._stop_daemon(ground.site)
    try:
        for here, token in tokens.items():
            assert not ground.enters(here, token)
        with mysql_at(ground.site, ground.mysql, user=CHIEF) as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == [(1,)]
    finally:
        daemon.ensure_running(ground.site, 60)
    for here, token in tokens.items():
        assert ground.enters(here, token)


def test_no_token_is_in_a_log(ground: Ground) -> None:
    token = ground.token(ground.postgres)
    assert ground.enters(ground.postgres, token)
    assert ground.enters(ground.mysql, ground.token(ground.mysql))
    written = [ground.site.state_dir / "daemon.log", *ground.site.logs_dir.glob("*/*.log")]
    assert len(written) > 3
    for file in written:
        assert "X-Amz-Signature" not in file.read_text(errors="replace"), file


_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def _policy(user: str) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Action": "rds-db:connect", "Resource": f"arn:aws:rds-db:{user}"}
    return {"Version": "2012-10-17", "Statement": [allowed]}
