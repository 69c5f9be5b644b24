"""From MySQL to PostgreSQL, on a real server of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from localcloud.migration.errors import MigrationFailed
from localcloud.migration.orders import End
from localcloud.migration.postgres_target import postgres_type
from localcloud.migration.tables import Column
from localcloud.site import Site
from tests.localcloud.fleet_site import eventually, fleet, rows, site
from tests.localcloud.migration_site import Pair, pair
from tests.localcloud.postgres_server import PASSWORD, USER, PostgresServer, postgres_server
from tests.localcloud.test_migration_faults import kill_and_revive, writing
from tests.localcloud.test_migration_rows import COLUMNS, ROW

__all__ = ["fleet", "pair", "site"]


@pytest.fixture(scope="module")
def postgres(site: Site, pair: Pair) -> Iterator[PostgresServer]:
    with postgres_server(f"{site.prefix}.200.1", site.ca_dir / "ca.pem") as server:
        yield server


@pytest.fixture
def end(pair: Pair, postgres: PostgresServer) -> End:
    return pair.end(pair.source).model_copy(
        update={
            "engine": "postgres",
            "host": postgres.host,
            "port": postgres.port,
            "user": USER,
            "password": PASSWORD,
        }
    )


WANTED: tuple[Any, ...] = (
    1, "ü", "x,z", Decimal(257), Decimal(18446744073709551615), 0.10000000149011612, 1e-300,
    datetime.datetime(2024, 5, 6, 7, 8, 9, 123000), datetime.datetime(2024, 5, 6, 7, 8, 9, 123456),
    None, "-800:01:02", 2024, b"\x00\xff'", "é", '{"a": 1}', b"\x01\x02", b"\x01\x02\x00\x00",
    "ab", Decimal("-12345.0000000001"), datetime.date(2024, 2, 29), 4294967295, 16777215, 1,
    "\U0001f4a1 ' \\ %s", 7, "tick",
)  # fmt: skip
"""`ROW` as PostgreSQL has it; the place of the TIME(2) is left open."""


def test_every_type_arrives_by_the_load_and_by_the_log(
    pair: Pair, postgres: PostgresServer, end: End
) -> None:
    table = "pgkinds.`all %`"
    insert = f"INSERT INTO {table} VALUES {ROW}"
    pair.run("CREATE DATABASE pgkinds", f"CREATE TABLE {table} ({COLUMNS})", insert)
    with pair.migrating(pair.orders("pgkinds", target=end)) as migrating:
        migrating.loaded()
        (loaded,) = postgres.rows('SELECT * FROM pgkinds."all %"')
        assert [v for v, w in zip(loaded, WANTED, strict=True) if w is not None] == [
            w for w in WANTED if w is not None
        ]
        assert loaded[9] == "800:01:02.34"
        pair.run(insert, f"UPDATE {table} SET tx = 'changed', c = NULL WHERE id = 1")
        migrating.caught_up()
        first, second = postgres.rows('SELECT * FROM pgkinds."all %" ORDER BY id')
    # A fraction comes with all its digits from the log.
    assert second[9] == "800:01:02.340000"
    assert (second[1:9], second[10:]) == (loaded[1:9], loaded[10:])
    assert (first[17], first[23]) == (None, "changed")


def test_rows_of_a_table_without_a_key_are_kept_apart(
    pair: Pair, postgres: PostgresServer, end: End
) -> None:
    pair.run(
        "CREATE DATABASE pgkeyless",
        "CREATE TABLE pgkeyless.t (a INT, b VARCHAR(9))",
        "INSERT INTO pgkeyless.t VALUES (1,'x'), (1,'x'), (NULL,NULL)",
    )
    with pair.migrating(pair.orders("pgkeyless", target=end)) as migrating:
        migrating.loaded()
        pair.run("DELETE FROM pgkeyless.t WHERE a = 1 LIMIT 1", "UPDATE pgkeyless.t SET b = 'z'")
        migrating.caught_up()
        there = postgres.rows("SELECT * FROM pgkeyless.t ORDER BY a")
    assert there == [(1, "z"), (None, "z")]


def test_a_row_that_postgresql_cannot_hold_is_noted_and_the_others_arrive(
    pair: Pair, postgres: PostgresServer, end: End
) -> None:
    pair.run("CREATE DATABASE pgzero", "CREATE TABLE pgzero.t (id INT PRIMARY KEY, a TEXT)")
    with pair.migrating(pair.orders("pgzero", target=end)) as migrating:
        migrating.loaded()
        pair.run(r"INSERT INTO pgzero.t VALUES (1, 'a'), (2, 'b\0b'), (3, 'c')")
        migrating.caught_up()
        assert postgres.rows("SELECT * FROM pgzero.t ORDER BY id") == [(1, "a"), (3, "c")]
        noted = postgres.rows(
            "SELECT statement FROM awsdms_control.awsdms_apply_exceptions "
            "WHERE task_name = 'pgzero'"
        )
    assert noted == [("INSERT pgzero.t {'id': 2}",)]


def test_kills_of_worker_and_server_lose_and_double_nothing(
    pair: Pair, postgres: PostgresServer, end: End
) -> None:
    pair.run(
        "CREATE DATABASE pgkill",
        "CREATE TABLE pgkill.keyed (id INT PRIMARY KEY, n INT, note VARCHAR(99))",
        "CREATE TABLE pgkill.loose (n INT, note VARCHAR(9))",
        "USE pgkill",
        "INSERT INTO pgkill.keyed SELECT seq, seq % 100, 'x' FROM seq_1_to_2000",
    )
    with pair.migrating(pair.orders("pgkill", target=end)) as migrating:
        migrating.loaded()
        with writing(pair, "pgkill") as writer:
            eventually(lambda: writer.transactions > 50, "it writes")
            kill_and_revive(migrating)
            eventually(lambda: writer.transactions > 100, "it writes")
            postgres.kill()
            postgres.start()
        migrating.caught_up()
        for table in ("keyed", "loose"):
            here = rows(pair.site, pair.source, f"SELECT * FROM pgkill.{table}")
            there = postgres.rows(f"SELECT * FROM pgkill.{table}")
            assert sorted(there) == sorted(here)
        assert migrating.counts("pgkill.keyed", inserts=writer.transactions).loaded == 2000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"database": "nothere"}, 'database "nothere" does not exist'),
        ({"ca_pem": "stranger"}, "certificate verify failed"),
    ],
)
def test_a_target_that_does_not_let_us_in_ends_the_migration(
    pair: Pair, end: End, change: dict[str, str], said: str
) -> None:
    from verify.trust import stranger

    bent = end.model_copy(update={k: stranger() if k == "ca_pem" else v for k, v in change.items()})
    with pair.migrating(pair.orders("pgnologin", target=bent)) as migrating:
        assert said in str(migrating.until("failed").trouble)


@pytest.mark.parametrize(
    ("full_type", "facts", "wanted"),
    [
        ("tinyint(1)", {}, "SMALLINT"),
        ("tinyint(3) unsigned", {}, "SMALLINT"),
        ("smallint(5) unsigned", {}, "INTEGER"),
        ("mediumint(8) unsigned", {}, "INTEGER"),
        ("int(11)", {}, "INTEGER"),
        ("int(10) unsigned", {}, "BIGINT"),
        ("bigint(20)", {}, "BIGINT"),
        ("bigint(20) unsigned", {}, "NUMERIC(20)"),
        ("decimal(12,2)", {"precision": 12, "scale": 2}, "NUMERIC(12, 2)"),
        ("double", {}, "DOUBLE PRECISION"),
        ("varchar(50)", {"length": 50}, "VARCHAR(50)"),
        ("enum('a','b')", {"length": 1}, "VARCHAR(1)"),
        ("datetime(6)", {"fraction": 6}, "TIMESTAMP(6)"),
        ("timestamp", {"fraction": 0}, "TIMESTAMP(0)"),
        ("longtext", {"length": 4294967295}, "TEXT"),
        ("varbinary(20)", {"length": 20}, "BYTEA"),
        ("time", {}, "VARCHAR(17)"),
        ("bit(9)", {}, "NUMERIC(20)"),
    ],
)
def test_types_of_postgresql(full_type: str, facts: dict[str, int], wanted: str) -> None:
    kind = full_type.partition("(")[0]
    column = Column("c", kind, full_type, nullable=True, **facts)  # type: ignore[arg-type]
    assert postgres_type(column) == wanted


def test_a_type_without_a_counterpart_says_so() -> None:
    with pytest.raises(MigrationFailed, match="column 'c' is a point, which has no counterpart"):
        postgres_type(Column("c", "point", "point", nullable=True))
