"""A password that is rotated between two steps stops no exercise; a wrong one still does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contract import Access, read_databases
from tests.verify.cloud import TestCloud
from tests.verify.databases import PASSWORD, USER
from tests.verify.engines import USER as APP
from verify.aurora import Aurora
from verify.aws import Cloud, Credentials
from verify.deadline import Deadline
from verify.exercise import Exercise, Scene, perform
from verify.mysql import MySQL
from verify.postgres import PostgreSQL
from verify.redis import Redis
from verify.results import Exercise as Result
from verify.results import Status, Step

Change = Callable[[str], None]


class CountingCloud(Cloud):
    """Counts how often a secret is read."""

    reads = 0

    def credentials(self, arn: str) -> Credentials:
        self.reads += 1
        return super().credentials(arn)


class Rotator:
    """Watches an exercise, and rotates when a step has ended."""

    def __init__(self, rotate: Callable[[], None], after: str | None = None) -> None:
        self._rotate, self._after = rotate, after
        self.rotated = 0

    def exercise_started(self, name: str, database: str) -> None: ...

    def step_started(self, name: str) -> None: ...

    def step_ended(self, step: Step) -> None:
        if self._after in (None, step.name):
            self._rotate()
            self.rotated += 1


class Password:
    """One database's password: in its secret, and on its server."""

    def __init__(
        self, cloud: TestCloud, secret: str, facts: dict[str, str], change: Change
    ) -> None:
        self._secrets = cloud.client("secretsmanager")
        self._secret, self._facts, self.change = secret, facts, change

    def set(self, password: str) -> None:
        self.change(password)
        key = "password" if "username" in self._facts else "auth_token"
        text = json.dumps({**self._facts, key: password})
        self._secrets.put_secret_value(SecretId=self._secret, SecretString=text)

    def rotate(self) -> None:
        self.set(fresh())


def fresh() -> str:
    return f"Rotated-{secrets.token_hex(12)}"


@pytest.fixture
def password(
    request: pytest.FixtureRequest, cloud: TestCloud, engines: dict[str, Any]
) -> Iterator[Password]:
    """That of the database which a test names; put back afterwards."""
    rds, elasticache = cloud.client("rds"), cloud.client("elasticache")
    facts = {"username": USER}

    def instance(name: str) -> Change:
        return lambda new: rds.modify_db_instance(
            DBInstanceIdentifier=name, MasterUserPassword=new, ApplyImmediately=True
        )

    def cluster(new: str) -> None:
        rds.modify_db_cluster(
            DBClusterIdentifier="cluster", MasterUserPassword=new, ApplyImmediately=True
        )

    strategy = getattr(request, "param", "").partition(" ")[2] or "ROTATE"

    def token(new: str) -> None:
        elasticache.modify_replication_group(
            ReplicationGroupId="cache",
            AuthToken=new,
            AuthTokenUpdateStrategy=strategy,
            ApplyImmediately=True,
        )

    found = {
        "mysql": (cloud.arns["mysql"], facts, instance("source")),
        "aurora": (cloud.arns["mysql"], facts, cluster),
        "ledger": (engines["ledger"]["secret_arn"], {"username": APP}, instance("ledger")),
        "redis": (cloud.arns["redis"], {}, token),
    }[request.param.partition(" ")[0]]
    made = Password(cloud, *found)
    try:
        yield made
    finally:
        made.set(PASSWORD)
        if request.param.startswith("redis"):
            # The one before is let in until the next change.
            made.set(PASSWORD)


CONNECT = {
    "mysql": "connect with a verified certificate",
    "ledger": "connect with a verified certificate",
    "aurora": "connect to the writer endpoint",
    "redis": "connect to the primary endpoint",
}
MAKES: dict[str, Callable[[Scene], Exercise]] = {
    "mysql": MySQL,
    "ledger": PostgreSQL,
    "aurora": Aurora,
    "redis": Redis,
}
EVERY = [(name, name) for name in MAKES]
SQL = EVERY[:3]


def scene_of(cloud: TestCloud, engines: dict[str, Any], name: str) -> tuple[Scene, CountingCloud]:
    record = cloud.record()
    access = Access.model_validate(record["access"])
    asked = CountingCloud(access, 5)
    databases = read_databases({"databases": record["outputs"]["databases"] | engines})
    return Scene(name, databases, asked, access.ca_file, 10.0, Deadline(120)), asked


def failed(result: Result) -> dict[str, str]:
    return {s.name: s.said for s in result.steps if s.status is Status.FAILED}


@pytest.mark.parametrize(
    ("password", "name"), [*EVERY, ("redis SET", "redis")], indirect=["password"]
)
def test_a_rotation_after_every_step_stops_no_exercise(
    cloud: TestCloud, engines: dict[str, Any], password: Password, name: str
) -> None:
    scene, asked = scene_of(cloud, engines, name)
    rotator = Rotator(password.rotate)
    result = perform(name, MAKES[name], scene, rotator)
    assert result.not_run is None
    assert failed(result) == {}
    assert rotator.rotated == len(result.steps)
    assert {step.status for step in result.steps} == {Status.PASSED}
    assert asked.reads > 1


@pytest.mark.parametrize(("password", "name"), SQL, indirect=["password"])
def test_one_connection_is_wasted_on_a_rotation(
    cloud: TestCloud, engines: dict[str, Any], password: Password, name: str
) -> None:
    scene, asked = scene_of(cloud, engines, name)
    result = perform(name, MAKES[name], scene, Rotator(password.rotate, CONNECT[name]))
    assert failed(result) == {}
    # For its first login, and for the first one that was refused.
    assert asked.reads == 2


@pytest.mark.parametrize(("password", "name"), SQL, indirect=["password"])
def test_a_password_that_is_not_the_secret_s_is_refused_and_no_more_than_asked_for_once_a_login(
    cloud: TestCloud, engines: dict[str, Any], password: Password, name: str
) -> None:
    scene, asked = scene_of(cloud, engines, name)
    rotator = Rotator(lambda: password.change(fresh()), CONNECT[name])
    result = perform(name, MAKES[name], scene, rotator)
    said = failed(result)
    assert said
    refusal = "does not accept the user and password of the secret"
    assert all(refusal in text for text in said.values()), said
    assert asked.reads <= 1 + len(result.steps)
