"""The wire and the users of real servers: it passes, and each of its checks can fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contract import Endpoint
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.engines import as_administrator
from verify import iam_user, least_privilege, security
from verify.audit_log import STATEMENT
from verify.deadline import Deadline
from verify.least_privilege import APPLICATION, READER
from verify.security import CONNECT, USERS

PLAIN = "a connection without TLS is refused"
ELSEWHERE = "its certificate is good for no other address"
TOKEN = "it gets in by a token, over TLS"
BENT = "a token with another signature is refused"
OTHERS = "another user's token is refused"
PASSWORD = "a password is refused in place of a token"
LEFTOVERS = "no leftovers of an earlier run"
READERS_LIMITS = "the read-only user does nothing else"


@pytest.fixture
def host(verify: Verify) -> str:
    found: str = verify.endpoint("mysql", "writer")["host"]
    return found


@pytest.fixture
def everything(verify: Verify, engines: dict[str, Any]) -> Verify:
    """Databases of every engine that has an SQL server."""
    verify.databases.update(engines)
    return verify


def test_it_passes_twice_on_every_engine_and_leaves_nothing(
    cloud: TestCloud, everything: Verify, host: str
) -> None:
    for _ in range(2):
        done = everything("security")
        assert done.code == 0, done.out + done.err
        steps = [step for e in done.exercises for step in e["steps"]]
        # None of them audits: that is in `test_audit_log`.
        assert {s["name"] for s in steps if s["status"] != "passed"} == {STATEMENT}
        wanted = {"mysql", "aurora", "redis", "ledger", "wiki"}
        assert {e["database"] for e in done.exercises} == wanted
        names = [step["name"] for step in steps]
        assert [names.count(name) for name in (TOKEN, BENT, OTHERS, PASSWORD)] == [4] * 4
    with cloud.login(host) as cursor:
        cursor.execute("SELECT user FROM mysql.user WHERE user LIKE 'verify%'")
        assert cursor.fetchall() == []
    ledger = everything.endpoint("ledger", "writer")["host"]
    assert as_administrator(cloud, ledger, "SELECT 1 FROM pg_roles WHERE rolname ~ '^verify'") == []


def test_no_password_of_its_users_is_said(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "password", lambda: "aA1-the-password-of-a-user")
    done = verify("mysql", exercises=("security",))
    assert done.code == 0
    assert "the-password-of-a-user" not in done.out + done.err + verify.json.read_text()


@pytest.fixture
def open_server(cloud: TestCloud, host: str) -> Iterator[None]:
    cloud.as_administrator(host, "SET GLOBAL require_secure_transport = 0")
    cloud.as_administrator(host, "ALTER USER admin@'%' REQUIRE NONE")
    yield
    cloud.as_administrator(host, "ALTER USER admin@'%' REQUIRE SSL")
    cloud.as_administrator(host, "SET GLOBAL require_secure_transport = 1")


def test_a_server_that_takes_plain_text_fails(verify: Verify, open_server: None) -> None:
    done = verify("mysql", exercises=("security",))
    assert done.code == 1
    assert done.failed[PLAIN] == "a connection without TLS was accepted"
    # The exercise's own users still require it themselves.
    assert list(done.failed) == [PLAIN]


def test_a_certificate_that_is_good_elsewhere_fails(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def nowhere_else(endpoint: Endpoint, deadline: Deadline) -> Iterator[Endpoint]:
        yield endpoint

    monkeypatch.setattr(security, "relayed", nowhere_else)
    done = verify("mysql", exercises=("security",))
    assert done.failed == {
        ELSEWHERE: "the certificate was accepted at another address than its own"
    }


@pytest.mark.parametrize("name", ["mysql", "ledger"])
def test_a_user_that_may_too_much_fails(
    everything: Verify, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    engine = everything.databases[name]["engine"]
    generous = dataclasses.replace(
        least_privilege._GRANTS[engine],
        may_not={APPLICATION: (), READER: ("SELECT COUNT(*) FROM notes",)},
    )
    monkeypatch.setitem(least_privilege._GRANTS, engine, generous)
    done = everything(name, exercises=("security",))
    assert done.failed == {READERS_LIMITS: "SELECT COUNT(*) FROM notes: was allowed"}


def test_a_refusal_for_another_reason_is_no_denial(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = dataclasses.replace(
        least_privilege._GRANTS["mysql"],
        may_not={APPLICATION: (), READER: ("SELECT nothing FROM notes",)},
    )
    monkeypatch.setitem(least_privilege._GRANTS, "mysql", wrong)
    done = verify("mysql", exercises=("security",))
    assert "refused, but not denied" in done.failed[READERS_LIMITS]


def test_a_database_that_takes_no_tokens_is_asked_for_none(verify: Verify) -> None:
    verify.databases["mysql"]["iam_auth"] = False
    done = verify("mysql", exercises=("security",))
    assert done.code == 0
    (found,) = done.exercises
    assert not [step for step in found["steps"] if "token" in step["name"]]


@pytest.mark.parametrize("name", ["mysql", "ledger"])
def test_no_token_is_said(everything: Verify, name: str) -> None:
    done = everything(name, exercises=("security",))
    assert done.code == 0
    assert "X-Amz-" not in done.out + done.err + everything.json.read_text()


@pytest.mark.parametrize("name", ["mysql", "ledger"])
def test_a_server_that_takes_what_it_should_not_fails(
    everything: Verify, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(iam_user, "APPLICATION", least_privilege.IAM_USER)
    monkeypatch.setattr(iam_user.IamUser, "_bent", iam_user.IamUser._token)
    done = everything(name, exercises=("security",))
    assert done.failed == dict.fromkeys((BENT, OTHERS), "verify_iam was let in")


@pytest.mark.parametrize(
    ("name", "create"),
    [
        ("mysql", "CREATE USER 'verify_iam'@'%' IDENTIFIED BY 'aA1-known' REQUIRE SSL"),
        ("ledger", "CREATE ROLE verify_iam LOGIN PASSWORD 'aA1-known'"),
    ],
)
def test_a_user_that_has_a_password_fails(
    everything: Verify, monkeypatch: pytest.MonkeyPatch, name: str, create: str
) -> None:
    engine = everything.databases[name]["engine"]
    wrong = dataclasses.replace(least_privilege._GRANTS[engine], create_iam_user=(create,))
    monkeypatch.setitem(least_privilege._GRANTS, engine, wrong)
    monkeypatch.setattr(iam_user, "password", lambda: "aA1-known")
    done = everything(name, exercises=("security",))
    assert done.failed.keys() == {TOKEN, PASSWORD}
    assert done.failed[PASSWORD] == "verify_iam was let in"
    assert "does a policy allow you rds-db:connect" in done.failed[TOKEN]


def test_tokens_that_aws_has_switched_off_fail(cloud: TestCloud, verify: Verify) -> None:
    rds = cloud.client("rds")
    wanted = {"DBInstanceIdentifier": "source", "ApplyImmediately": True}
    rds.modify_db_instance(**wanted, EnableIAMDatabaseAuthentication=False)
    try:
        done = verify("mysql", exercises=("security",))
    finally:
        rds.modify_db_instance(**wanted, EnableIAMDatabaseAuthentication=True)
    assert list(done.failed) == [TOKEN]


def test_servers_that_cannot_check_tokens_are_passed_over_with_the_reason(verify: Verify) -> None:
    verify.record["access"]["lacks"] = {"mysql-tokens": "nobody checks them here"}
    done = verify("mysql", exercises=("security",))
    assert done.code == 0
    assert done.step(iam_user.CREATE) == ("skipped", "nobody checks them here")
    assert done.step(TOKEN)[0] == "skipped"


def test_somebody_s_own_database_is_left_alone(cloud: TestCloud, verify: Verify, host: str) -> None:
    cloud.as_administrator(host, "CREATE DATABASE securitytest")
    cloud.as_administrator(host, "CREATE TABLE securitytest.precious (id INT)")
    try:
        done = verify("mysql", exercises=("security",))
        assert done.code == 1
        assert "the table precious" in done.failed[LEFTOVERS]
        assert done.step(USERS)[0] == "skipped"
    finally:
        cloud.as_administrator(host, "DROP DATABASE securitytest")


def test_a_wrong_secret_says_so(cloud: TestCloud, verify: Verify) -> None:
    verify.databases["mysql"]["secret_arn"] = cloud.arns["wrong"]
    done = verify("mysql", exercises=("security",))
    assert done.code == 1
    assert "does not accept the user and password of the secret" in done.failed[CONNECT]


def test_a_silent_server_is_told_in_time(cloud: TestCloud, verify: Verify) -> None:
    with cloud.silent("source"):
        done = verify("mysql", "--timeout", "2", exercises=("security",))
    assert done.code == 2
    assert "does not answer within 2 s" in done.out
    assert done.seconds < 20
