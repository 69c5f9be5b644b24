from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.problems import ConfigError
from specs.restored_instance import RestoredInstance, Snapshot
from specs.topologies import Stack, read
from tests.stacks.run_program import dev_config

RESTORED: dict[str, Any] = {
    "kind": "restored-instance",
    "source": "mysql",
    "at": "latest",
    "identifier": "myapp-mysql-before",
    "class": "db.t3.micro",
}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def stack(days: int = 7, **changes: Any) -> Stack:
    config = dev_config()
    topologies = config["aws-databases:topologies"]
    for replica in ("mysql-replica", "mysql-replica-west"):
        del topologies[replica]
    topologies["mysql"]["backups"]["retention_days"] = days
    wanted = {key: value for key, value in (RESTORED | changes).items() if value is not None}
    return read(config["aws:region"], None, {**topologies, "before": wanted})


def restored(**changes: Any) -> RestoredInstance:
    found = stack(**changes).topologies["before"]
    assert isinstance(found, RestoredInstance)
    return found


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        ("latest", "latest"),
        ("2026-11-20T12:00:00Z", NOON),
        ("2026-11-20T13:00:00+01:00", NOON),
        # As YAML reads it without quotes.
        (NOON, NOON),
        ({"snapshot": "myapp-mysql-db-final"}, Snapshot("myapp-mysql-db-final")),
        ({"snapshot": "rds:myapp-mysql-db-2026-11-20-03-00"},
         Snapshot("rds:myapp-mysql-db-2026-11-20-03-00")),
    ],
)  # fmt: skip
def test_what_a_moment_is(at: Any, moment: Any) -> None:
    assert restored(at=at).at == moment


COPIED = {"copy_to": {"region": "us-west-2", "retention_days": 7}}
TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"source": None}, "source", "is missing; add it"),
        ({"source": "mysqll"}, "source", "did you mean 'mysql'?"),
        ({"source": "aurora"}, "source", "is no rds-mysql or rds-mariadb topology"),
        ({"source": "before"}, "source", "is no rds-mysql or rds-mariadb topology"),
        ({"days": 0}, "source", "has no backups to restore; set its backups.retention_days"),
        ({"at": None}, "at", "is missing; add it"),
        ({"at": "yesterday"}, "at", "'yesterday' is no moment; write latest, a time"),
        ({"at": 20261120}, "at", "is no moment"),
        ({"at": ["latest"]}, "at", "is no moment"),
        ({"at": "2026-11-20T12:00:00"}, "at", "says no time zone; write it in UTC"),
        ({"at": "2026-11-20"}, "at", "says no time zone"),
        ({"at": "2026-11-20T12:00:00.5Z"}, "at", "is finer than a second"),
        ({"at": TOMORROW}, "at", "is in the future"),
        ({"at": {}}, "at", "is no moment"),
        ({"at": {"snapshot": "a", "time": "b"}}, "at", "is no moment"),
        ({"at": {"snapshot": "Final"}}, "at", "'Final' is no snapshot's name"),
        ({"at": {"snapshot": "ends-"}}, "at", "is no snapshot's name"),
        ({"at": {"snapshot": 7}}, "at", "is no snapshot's name"),
        ({"region": "us-west-2"}, "region", "is its source's, where the backups are; leave it out"),
        ({"identifier": "myapp-mysql-db"}, "identifier", "is topologies.mysql.identifier in"),
        ({"identifier": "My_DB"}, "identifier", "is no identifier"),
        ({"class": "t3.micro"}, "class", "is no instance class"),
        ({"username": "admin"}, "username", "is not a key here"),
        ({"backups": {}}, "backups.copy_to", "is missing; add it"),
        (
            {"backups": {**COPIED, "retention_days": 1}},
            "backups.retention_days",
            "is not a key here",
        ),
        ({"lifetime": "short"}, "lifetime", "choose 'disposable' or 'protected'"),
    ],
)
def test_what_aws_would_refuse(changes: dict[str, Any], path: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        stack(**changes)
    (problem,) = (str(p) for p in caught.value.problems)
    assert problem.startswith(f"topologies.before.{path}: ")
    assert says in problem


def test_a_snapshot_needs_no_backups() -> None:
    assert restored(days=0, at={"snapshot": "a"}).at == Snapshot("a")


def test_it_stands_where_its_source_stands() -> None:
    assert stack().region_of("before") == "us-east-1"
    assert stack().in_order.index("mysql") < stack().in_order.index("before")


@given(st.datetimes(datetime(2015, 1, 1), datetime(2026, 11, 1)))
def test_every_past_second_is_one_moment_however_it_is_written(moment: datetime) -> None:
    second = moment.replace(microsecond=0, tzinfo=UTC)
    written = f"{second:%Y-%m-%dT%H:%M:%S}"
    for at in (f"{written}Z", f"{written}+00:00", second):
        found = RestoredInstance.model_validate(RESTORED | {"at": at}).at
        assert found == second
        assert isinstance(found, datetime)
        assert found.utcoffset() == timedelta()
