"""The checkers on a history as a drill recorded it: an Aurora writer killed under load.

It is kept by `python -m verify.failover aurora --by kill --json FILE`, in `drills.runs.history`.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from verify.audit import Add, Balances, History, Op, Read, Record
from verify.drill.verdict import Audit, audit

FILE = Path(__file__).parent.parent / "data" / "aurora-writer-killed.json.gz"


@pytest.fixture(scope="module")
def recorded() -> History:
    return History.model_validate_json(gzip.decompress(FILE.read_bytes()))


def judged(history: History) -> Audit:
    endpoints = dict.fromkeys(record.endpoint for record in history.records)
    return audit(history, "writer", list(endpoints))


def bent(history: History, which: Callable[[Record], bool], op: Callable[[Op], Op]) -> History:
    """The same history with another operation in every record of a kind."""
    records = [r.model_copy(update={"op": op(r.op)}) if which(r) else r for r in history.records]
    return History(records=tuple(records))


def last_read(record: Record) -> bool:
    return record.process == "last read writer"


def acknowledged(history: History) -> list[int]:
    return [r.op.element for r in history.records if isinstance(r.op, Add) and r.outcome == "ok"]


def test_nothing_was_lost_though_two_writes_had_no_answer(recorded: History) -> None:
    found = judged(recorded)
    assert (found.rows.acknowledged, found.rows.unknown, found.rows.recovered) == (759, 2, 0)
    assert found.rows.clean
    assert all(rows.clean for rows in found.rows_at_readers.values())
    assert found.bank.clean
    assert found.bank.reads > 20
    assert found.counter.clean
    assert found.counter.reads > 5
    assert found.forks.clean
    assert found.forks.reads > 20
    assert found.monotonic.reads > 300


def test_a_row_taken_out_of_the_last_read_is_lost(recorded: History) -> None:
    row = acknowledged(recorded)[400]

    def without(op: Op) -> Op:
        assert isinstance(op, Read)
        return Read(elements=tuple(each for each in op.elements if each != row))

    assert judged(bent(recorded, last_read, without)).rows.lost == (row,)


def test_a_row_put_twice_into_the_last_read_is_duplicated(recorded: History) -> None:
    row = acknowledged(recorded)[400]

    def twice(op: Op) -> Op:
        assert isinstance(op, Read)
        return Read(elements=(*op.elements, row))

    assert judged(bent(recorded, last_read, twice)).rows.duplicated == (row,)


def test_money_made_in_one_snapshot_is_found(recorded: History) -> None:
    snapshots = [r for r in recorded.records if isinstance(r.op, Balances) and r.outcome == "ok"]
    wrong = snapshots[10]

    def richer(op: Op) -> Op:
        assert isinstance(op, Balances)
        return Balances(accounts={**op.accounts, "a": op.accounts["a"] + 1})

    (found,) = judged(bent(recorded, lambda record: record is wrong, richer)).bank.found
    assert (found.at, found.total) == (wrong.invoked_at, 201)
