"""What a migration brings: every type, every kind of table, by the load and by the log."""

from __future__ import annotations

import pytest

from localcloud.servers.mariadb import MariaDB
from tests.localcloud.fleet_site import fleet, ref, rows, site
from tests.localcloud.migration_site import Pair, mappings, pair

__all__ = ["fleet", "pair", "site"]

COLUMNS = """
    id INT PRIMARY KEY AUTO_INCREMENT, e ENUM('a','\u00fc','%') , s SET('x','y','z'), b BIT(9),
    u BIGINT UNSIGNED, f FLOAT, d DOUBLE, ts TIMESTAMP(3) NULL, dt DATETIME(6), ti TIME(2),
    tn TIME, y YEAR, bl BLOB, l VARCHAR(20) CHARACTER SET latin1, j JSON, vb VARBINARY(20),
    bi BINARY(4), c CHAR(5), de DECIMAL(30,10), dd DATE, ui INT UNSIGNED, mt MEDIUMINT UNSIGNED,
    t1 TINYINT(1), tx TEXT, `a % b` INT, `back``tick` VARCHAR(9)
"""
ROW = """(NULL, '\u00fc', 'x,z', b'100000001', 18446744073709551615, 0.1, 1e-300,
    '2024-05-06 07:08:09.123', '2024-05-06 07:08:09.123456', '800:01:02.34', '-800:01:02', 2024,
    0x00ff27, '\u00e9', '{"a": 1}', 0x0102, 0x01020000, 'ab',
    -12345.0000000001, '2024-02-29', 4294967295, 16777215, 1, '\U0001f4a1 '' \\\\ %s', 7, 'tick')"""
EDGES = """(NULL, 'a', '', b'0', 0, -3.4e38, 1.7976931348623157e308, '1970-01-01 00:00:01',
    '1000-01-01 00:00:00', '00:00:00', '00:00:00', 1901, '', '', '[]', '', 0x00000000, '', 0,
    '9999-12-31', 0, 0, 0, '', -1, '')"""
NULLS = "(NULL" + ", NULL" * 25 + ")"


def test_every_type_arrives_by_the_load_and_by_the_log(pair: Pair) -> None:
    table = "kinds.`all %`"
    insert = f"INSERT INTO {table} VALUES {ROW}, {EDGES}, {NULLS}"
    pair.run("CREATE DATABASE kinds", f"CREATE TABLE {table} ({COLUMNS})", insert)
    with pair.migrating(pair.orders("kinds")) as migrating:
        migrating.loaded()
        here, there = pair.both(table)
        assert there == here
        assert len(here) == 3
        pair.run(
            insert,
            f"UPDATE {table} SET s = '', f = 0.3, l = '\u00f1', bi = 0x41 WHERE id = 1",
            f"UPDATE {table} SET `a % b` = NULL, b = b'11' WHERE id = 1",
            f"DELETE FROM {table} WHERE id = 2",
        )
        migrating.caught_up()
        here, there = pair.both(table)
        assert there == here
        assert len(here) == 5


def test_what_the_binary_log_cannot_say_ends_the_migration_instead_of_a_wrong_value(
    pair: Pair,
) -> None:
    pair.run("CREATE DATABASE odd", "CREATE TABLE odd.t (id INT PRIMARY KEY, ti TIME(2))")
    with pair.migrating(pair.orders("odd")) as migrating:
        migrating.loaded()
        pair.run("INSERT INTO odd.t VALUES (1, '-01:00:00.5')")
        said = migrating.until("failed").trouble
    assert said is not None
    assert "negative time with a fraction" in said


def test_rows_of_a_table_without_a_key_are_kept_apart(pair: Pair) -> None:
    pair.run(
        "CREATE DATABASE keyless",
        "CREATE TABLE keyless.t (a INT, b VARCHAR(9), f FLOAT)",
        "INSERT INTO keyless.t VALUES (1,'x',0.1), (1,'x',0.1), (NULL,NULL,NULL), (2,'y',2)",
    )
    with pair.migrating(pair.orders("keyless")) as migrating:
        migrating.loaded()
        pair.run(
            "DELETE FROM keyless.t WHERE a = 1 LIMIT 1",
            "UPDATE keyless.t SET b = 'z' WHERE a IS NULL",
            "INSERT INTO keyless.t VALUES (2,'y',2)",
        )
        migrating.caught_up()
        here, there = pair.both("keyless.t")
    assert there == here
    assert len(here) == 4


def test_only_what_the_mappings_select_is_migrated(pair: Pair) -> None:
    pair.run(
        "CREATE DATABASE chosen",
        "CREATE TABLE chosen.one (id INT PRIMARY KEY)",
        "CREATE TABLE chosen.two (id INT PRIMARY KEY)",
    )
    with pair.migrating(pair.orders("chosen", "full-load", mappings=mappings("chosen", "o%"))) as m:
        m.until("finished")
    assert rows(pair.site, pair.target, "SHOW TABLES FROM chosen") == [("one",)]


def test_tables_that_come_and_go_are_followed(pair: Pair) -> None:
    pair.run(
        "CREATE DATABASE moving",
        "CREATE TABLE moving.old (id INT PRIMARY KEY)",
        "INSERT INTO moving.old VALUES (1), (2)",
    )
    with pair.migrating(pair.orders("moving")) as migrating:
        migrating.loaded()
        pair.run(
            "CREATE TABLE moving.fresh (id INT PRIMARY KEY, note TEXT)",
            "INSERT INTO moving.fresh VALUES (1, 'first')",
            "TRUNCATE TABLE moving.old",
            "INSERT INTO moving.old VALUES (3)",
        )
        migrating.caught_up()
        assert pair.both("moving.fresh")[1] == [(1, "first")]
        assert pair.both("moving.old")[1] == [(3,)]
        pair.run(
            "DROP TABLE moving.fresh",
            "CREATE TABLE moving.fresh (id INT PRIMARY KEY, a INT, b INT)",
            "INSERT INTO moving.fresh VALUES (1, 2, 3)",
        )
        migrating.caught_up()
        assert pair.both("moving.fresh")[1] == [(1, 2, 3)]


def test_an_index_is_no_redefinition_and_a_column_is(pair: Pair) -> None:
    pair.run("CREATE DATABASE altered", "CREATE TABLE altered.t (id INT PRIMARY KEY, a INT)")
    with pair.migrating(pair.orders("altered")) as migrating:
        migrating.loaded()
        pair.run("INSERT INTO altered.t VALUES (1, 1)", "ALTER TABLE altered.t ADD INDEX (a)")
        migrating.caught_up()
        assert pair.same("altered.t")
        pair.run("ALTER TABLE altered.t ADD COLUMN b INT", "INSERT INTO altered.t VALUES (2, 2, 2)")
        said = migrating.until("failed").trouble
    assert said == (
        "altered.t was redefined on the source (ALTER TABLE), which is not followed here; start "
        "again with reload-target"
    )


def test_a_load_alone_finishes_and_a_cdc_alone_begins_where_it_is_told(pair: Pair) -> None:
    pair.run("CREATE DATABASE parts", "CREATE TABLE parts.t (id INT PRIMARY KEY)")
    pair.run("INSERT INTO parts.t VALUES (1)")
    with pair.migrating(pair.orders("parts", "full-load")) as migrating:
        ended = migrating.until("finished")
    assert ended.tables["parts.t"].loaded == 1
    ((file, offset, *_),) = rows(pair.site, pair.source, "SHOW MASTER STATUS")
    pair.run("INSERT INTO parts.t VALUES (2), (3)", "DELETE FROM parts.t WHERE id = 1")
    started = pair.orders("parts", "cdc", start_position=f"{file}:{offset}")
    with pair.migrating(started) as migrating:
        migrating.caught_up()
        assert pair.both("parts.t") == ([(2,), (3,)], [(2,), (3,)])
        counted = migrating.counts("parts.t", inserts=2)
        assert (counted.loaded, counted.deletes) == (0, 1)


@pytest.mark.parametrize(
    ("preparation", "there"),
    [
        ("TRUNCATE_BEFORE_LOAD", [(1, "new")]),
        ("DROP_AND_CREATE", [(1, "new")]),
        ("DO_NOTHING", [(9, "old")]),
    ],
)
def test_rows_that_are_there_before_the_load(
    pair: Pair, preparation: str, there: list[tuple[int, str]]
) -> None:
    schema = f"before_{preparation.lower()}"
    pair.run(
        f"CREATE DATABASE {schema}",
        f"CREATE TABLE {schema}.t (id INT PRIMARY KEY, note VARCHAR(9))",
        f"INSERT INTO {schema}.t VALUES (9, 'old')",
    )
    with pair.migrating(pair.orders(schema, "full-load")) as migrating:
        migrating.until("finished")
    pair.run(
        f"UPDATE {schema}.t SET id = 1, note = 'new'", f"INSERT INTO {schema}.t VALUES (9, 'x')"
    )
    if preparation != "DO_NOTHING":
        pair.run(f"DELETE FROM {schema}.t WHERE id = 9")
    again = pair.orders(schema, "full-load", preparation)  # type: ignore[arg-type]
    with pair.migrating(again) as migrating:
        ended = migrating.until("finished")
    assert pair.both(f"{schema}.t")[1] == there
    if preparation == "DO_NOTHING":
        # Its rows are refused, so that it stays as it was; other tables go on.
        assert ended.tables[f"{schema}.t"].state == "Table error"
        assert "Duplicate entry" in str(ended.tables[f"{schema}.t"].error)


def test_a_row_that_the_target_refuses_is_noted_and_the_others_arrive(pair: Pair) -> None:
    pair.run("CREATE DATABASE refusing", "CREATE TABLE refusing.t (id INT PRIMARY KEY, a INT)")
    with pair.migrating(pair.orders("refusing")) as migrating:
        migrating.loaded()
        rows(pair.site, pair.target, "INSERT INTO refusing.t VALUES (2, 0)")
        pair.run("INSERT INTO refusing.t VALUES (1, 1), (2, 2), (3, 3)")
        migrating.caught_up()
        assert pair.both("refusing.t")[1] == [(1, 1), (2, 0), (3, 3)]
        noted = rows(
            pair.site,
            pair.target,
            "SELECT table_name, statement FROM awsdms_control.awsdms_apply_exceptions "
            "WHERE task_name = 'refusing'",
        )
    assert noted == [("t", "INSERT refusing.t {'id': 2}")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "Access denied for user 'admin'"),
        # What MariaDB says to a client without TLS.
        ({"ca_pem": None}, "Access denied for user 'admin'"),
    ],
)
def test_a_login_that_is_refused_ends_the_migration(
    pair: Pair, change: dict[str, str | None], said: str
) -> None:
    orders = pair.orders("nologin", source=pair.end(pair.source, **change))
    with pair.migrating(orders) as migrating:
        trouble = migrating.until("failed").trouble
    assert trouble is not None
    assert said in trouble


def test_a_certificate_of_another_authority_ends_the_migration(pair: Pair) -> None:
    from verify.trust import stranger

    orders = pair.orders("untrusted", target=pair.end(pair.target, ca_pem=stranger()))
    with pair.migrating(orders) as migrating:
        trouble = migrating.until("failed").trouble
    assert "CERTIFICATE_VERIFY_FAILED" in str(trouble)


def test_mappings_without_a_table_end_the_migration_in_dms_words(pair: Pair) -> None:
    with pair.migrating(pair.orders("nothinghere")) as migrating:
        trouble = migrating.until("failed").trouble
    assert str(trouble).startswith("No tables were found at task initialization.")


def test_a_source_that_logs_statements_ends_the_migration(pair: Pair) -> None:
    server = pair.fleet.instances.get(ref("source")).server
    assert isinstance(server, MariaDB)
    server.run("SET GLOBAL binlog_format = 'MIXED'")
    try:
        with pair.migrating(pair.orders("statements")) as migrating:
            trouble = migrating.until("failed").trouble
    finally:
        server.run("SET GLOBAL binlog_format = 'ROW'")
    assert "changes can be followed with 1, ROW and FULL only" in str(trouble)


def test_what_is_stopped_goes_on_where_it_was(pair: Pair) -> None:
    pair.run("CREATE DATABASE paused", "CREATE TABLE paused.t (id INT PRIMARY KEY)")
    pair.run("INSERT INTO paused.t VALUES (1)")
    orders = pair.orders("paused")
    with pair.migrating(orders) as migrating:
        migrating.loaded()
        pair.fleet.migrations.stop(migrating.ref)
        assert migrating.status == "stopped"
        pair.run("INSERT INTO paused.t VALUES (2)", "DELETE FROM paused.t WHERE id = 1")
        pair.fleet.migrations.start(migrating.ref, orders)
        migrating.caught_up()
        assert pair.both("paused.t")[1] == [(2,)]
        assert migrating.counts("paused.t", inserts=1).loaded == 1
