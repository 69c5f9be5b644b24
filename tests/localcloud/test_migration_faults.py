"""Workers and servers are killed while rows move: nothing is lost, nothing is there twice."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from localcloud.fleet import Address, Fleet
from localcloud.migration.errors import Interrupted
from localcloud.migration.mysql_target import mysql_target
from localcloud.migration.row_changes import RowChange
from localcloud.migration.source import Source
from tests.localcloud.fleet_site import eventually, fleet, kill, mysql_at, pid_of, rows, site
from tests.localcloud.migration_site import Migrating, Pair, pair

__all__ = ["fleet", "pair", "site"]

ROWS = 60_000


def fill(pair: Pair, schema: str, count: int = ROWS) -> None:
    """A table with a key and one without."""
    pair.run(
        f"CREATE DATABASE {schema}",
        f"USE {schema}",
        f"CREATE TABLE {schema}.keyed (id INT PRIMARY KEY, n INT, note VARCHAR(99))",
        f"INSERT INTO {schema}.keyed SELECT seq, seq % 100, REPEAT('x', 60) FROM seq_1_to_{count}",
        f"CREATE TABLE {schema}.loose (n INT, note VARCHAR(9))",
        f"INSERT INTO {schema}.loose SELECT seq % 10, 'same' FROM seq_1_to_{count // 4}",
    )


class Writer:
    """Changes the source until it is told to end, one transaction after another."""

    def __init__(self, pair: Pair, schema: str) -> None:
        self._pair, self._schema = pair, schema
        self._ending = threading.Event()
        self._random = random.Random(7)
        self.transactions = 0

    def write(self) -> None:
        with mysql_at(self._pair.site, self._pair.source) as cursor:
            while not self._ending.is_set():
                cursor.execute("BEGIN")
                for statement in self._statements():
                    cursor.execute(statement)
                cursor.execute("COMMIT")
                self.transactions += 1

    def _statements(self) -> Iterator[str]:
        schema, new = self._schema, ROWS + 1 + self.transactions
        old = self._random.randint(1, ROWS)
        yield f"INSERT INTO {schema}.keyed VALUES ({new}, 0, 'new')"
        yield f"UPDATE {schema}.keyed SET n = n + 1 WHERE id = {old}"
        yield f"DELETE FROM {schema}.keyed WHERE id = {self._random.randint(1, ROWS)}"
        yield f"INSERT INTO {schema}.loose VALUES ({new % 10}, 'new')"
        yield f"DELETE FROM {schema}.loose WHERE n = {old % 10} LIMIT 1"

    def end(self) -> None:
        self._ending.set()


@contextmanager
def writing(pair: Pair, schema: str) -> Iterator[Writer]:
    writer = Writer(pair, schema)
    thread = threading.Thread(target=writer.write)
    thread.start()
    try:
        yield writer
    finally:
        writer.end()
        thread.join(30)
    assert not thread.is_alive()


def answers(pair: Pair, address: Address) -> bool:
    return bool(rows(pair.site, address, "SELECT 1"))


def assert_all_there(pair: Pair, migrating: Migrating) -> None:
    migrating.caught_up()
    for table in ("keyed", "loose"):
        here, there = pair.both(f"{migrating.orders.task}.{table}")
        assert len(there) == len(here)
        assert there == here
    noted = rows(
        pair.site,
        pair.target,
        "SELECT statement FROM awsdms_control.awsdms_apply_exceptions "
        f"WHERE task_name = '{migrating.orders.task}'",
    )
    assert noted == []


def kill_and_revive(migrating: Migrating) -> None:
    fleet, identifier = migrating.pair.fleet, migrating.ref.identifier
    dead = pid_of(fleet, identifier, "migration")
    kill(dead)
    eventually(lambda: pid_of(fleet, identifier, "migration") != dead, "the worker is back")


def test_a_worker_that_is_killed_during_the_load_loses_and_doubles_nothing(pair: Pair) -> None:
    fill(pair, "loadkill")
    with writing(pair, "loadkill") as writer, pair.migrating(pair.orders("loadkill")) as migrating:
        for kills in range(3):

            def under_way(least: int = 5_000 * (1 + kills)) -> bool:
                if migrating.status is None:
                    return False
                found = migrating.progress.tables.get("loadkill.keyed")
                return found is not None and found.state == "Full load" and found.loaded >= least

            eventually(under_way, f"load {kills} is under way", 30)
            kill_and_revive(migrating)
        migrating.loaded()
        writer.end()
        assert writer.transactions > 20
        assert_all_there(pair, migrating)


def test_a_worker_that_is_killed_while_it_follows_loses_and_doubles_nothing(pair: Pair) -> None:
    fill(pair, "cdckill", 2_000)
    with pair.migrating(pair.orders("cdckill")) as migrating:
        migrating.loaded()
        with writing(pair, "cdckill") as writer:
            for kills in range(5):

                def written(least: int = 60 * (1 + kills)) -> bool:
                    return writer.transactions >= least

                eventually(written, "it writes", 30)
                kill_and_revive(migrating)
        assert_all_there(pair, migrating)
        # Counted in the same transactions as the rows, so that no kill loses a count.
        assert migrating.counts("cdckill.keyed", inserts=writer.transactions).loaded == 2_000


@pytest.mark.parametrize("victim", ["source", "target"])
def test_a_server_that_is_killed_loses_and_doubles_nothing(pair: Pair, victim: str) -> None:
    schema = f"{victim}kill"
    fill(pair, schema, 2_000)
    with pair.migrating(pair.orders(schema)) as migrating:
        migrating.loaded()
        for number in range(3):
            pair.run(f"UPDATE {schema}.keyed SET n = n + 1 WHERE id % 3 = {number}")
            kill(pid_of(pair.fleet, victim))
            for address in (pair.source, pair.target):
                eventually(partial(answers, pair, address), f"{address} is back")
            pair.run(f"DELETE FROM {schema}.loose WHERE n = {number}")
        assert_all_there(pair, migrating)


def test_a_worker_outlives_the_daemon_and_a_new_one_adopts_it(pair: Pair) -> None:
    pair.run("CREATE DATABASE adopted", "CREATE TABLE adopted.t (id INT PRIMARY KEY)")
    pair.run("INSERT INTO adopted.t VALUES (1)")
    with pair.migrating(pair.orders("adopted")) as migrating:
        migrating.loaded()
        before = pid_of(pair.fleet, migrating.ref.identifier, "migration")
        # What a daemon does that starts after another was killed.
        second = Fleet(pair.site)
        second.recover()
        try:
            assert pid_of(second, migrating.ref.identifier, "migration") == before
            pair.run("INSERT INTO adopted.t VALUES (2)")
            migrating.caught_up()
        finally:
            second.close()
        assert pair.same("adopted.t")


def test_a_worker_goes_on_after_everything_was_down(pair: Pair) -> None:
    pair.run("CREATE DATABASE downup", "CREATE TABLE downup.t (id INT PRIMARY KEY)")
    pair.run("INSERT INTO downup.t VALUES (1)")
    with pair.migrating(pair.orders("downup")) as migrating:
        migrating.loaded()
        pair.run("INSERT INTO downup.t VALUES (2)")
        pair.fleet.close()
        Fleet(pair.site).down()
        again = Fleet(pair.site)
        again.recover()
        pair.fleet = again
        pair.run("INSERT INTO downup.t VALUES (3)")
        migrating.caught_up()
        assert pair.same("downup.t")
        assert migrating.progress.tables["downup.t"].loaded == 1


def test_a_worker_that_dies_again_and_again_has_failed(pair: Pair) -> None:
    pair.run("CREATE DATABASE dying", "CREATE TABLE dying.t (id INT PRIMARY KEY)")
    with pair.migrating(pair.orders("dying")) as migrating:
        migrating.loaded()
        folder = pair.site.servers_dir / "migration.us-east-1.dying"
        (folder / "orders.json").write_text("not JSON")
        migrating.kill()
        trouble = migrating.until("failed").trouble
    assert str(trouble).startswith("the worker dies again and again; its log ends:")


def test_the_last_commit_of_a_killed_worker_is_not_done_again(pair: Pair) -> None:
    # Its COMMIT may be on its way when the next worker looks where to go on.
    pair.run("CREATE DATABASE late", "CREATE TABLE late.t (id INT PRIMARY KEY)")
    table = Source(pair.end(pair.source)).table("late", "t")
    assert table is not None
    end = pair.end(pair.target)
    insert = [RowChange(table, None, (1,))]
    with mysql_target(end, "late") as first, mysql_target(end, "late") as second:
        assert first.run_of() is None
        first.begin("run", "0-1-1")
        second.state()
        first.prepare(table, "DO_NOTHING")
        first.load(table, "0-1-1", iter([[(9,)]]), lambda rows: None)
        with pytest.raises(Interrupted, match="loaded by another worker"):
            second.load(table, "0-1-1", iter([[(9,)]]), lambda rows: None)
        first.apply(insert, "0-1-2")
    with mysql_target(end, "late") as second:
        second.state()
        with mysql_target(end, "late") as first:
            first.state()
            first.apply([RowChange(table, None, (2,))], "0-1-3")
        with pytest.raises(Interrupted, match="went on without this worker"):
            second.apply([RowChange(table, None, (2,))], "0-1-3")
    assert pair.both("late.t")[1] == [(1,), (2,), (9,)]
