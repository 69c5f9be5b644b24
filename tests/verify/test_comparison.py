"""The comparison finds every difference that it should, and names it by key."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.comparison import Table, differences, normal, summary

TABLE = Table("t", ("id", "note", "credit"), ("id",))
ROWS: list[tuple[Any, ...]] = [(n, f"note {n}", Decimal(n)) for n in range(20)]
VALUES = st.one_of(
    st.none(), st.integers(), st.text(), st.binary(), st.decimals(allow_nan=False), st.booleans()
)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (Decimal("1.50"), Decimal("1.5000")),
        (Decimal("-0.00"), Decimal("0")),
        (Decimal("1E+2"), Decimal("100")),
        (1, Decimal("1")),
        (True, 1),
        (b"ab", bytearray(b"ab")),
        (b"ab", memoryview(b"ab")),
        (
            datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.UTC),
            datetime.datetime(2024, 1, 1, 12),
        ),
    ],
)
def test_two_engines_say_one_value_in_two_ways(here: object, there: object) -> None:
    assert normal(here) == normal(there)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (None, ""),
        (None, "None"),
        ("a", "A"),
        ("a", "a "),
        (Decimal("1.50"), Decimal("1.51")),
        (b"ab", b"abc"),
        (datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 1, 0, 0, 0, 1)),
    ],
)
def test_other_values_are_other_values(here: object, there: object) -> None:
    assert normal(here) != normal(there)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=20), st.randoms())
def test_no_order_of_the_rows_changes_a_summary(
    rows: list[tuple[Any, ...]], order: random.Random
) -> None:
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert summary(shuffled) == summary(rows)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=20))
def test_a_row_that_is_there_twice_changes_a_summary(rows: list[tuple[Any, ...]]) -> None:
    # An exclusive or of hashes would not see a pair of them.
    assert summary([*rows, rows[0], rows[0]]).checksum != summary(rows).checksum


def test_values_do_not_run_into_each_other() -> None:
    assert summary([("a", "bc")]) != summary([("ab", "c")])
    assert summary([("a", None)]) != summary([("a", "null")])


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda rows: rows[:7] + rows[8:], "t: 1 missing on the target (id 7)"),
        (lambda rows: [*rows, (99, "x", 0)], "t: 1 only on the target (id 99)"),
        (
            lambda rows: [(3, "other", Decimal(3)) if r[0] == 3 else r for r in rows],
            "t: 1 different (id 3: note is 'other', not 'note 3')",
        ),
        (
            lambda rows: [(4, None, Decimal(5)) if r[0] == 4 else r for r in rows],
            "t: 1 different (id 4: note is None, not 'note 4', credit is '5', not '4')",
        ),
        (lambda rows: [*rows, rows[2]], "t: 1 rows of the target have a key twice"),
        (
            lambda rows: [],
            "t: 20 missing on the target (id 0; id 1; id 10 and 17 more)",
        ),
    ],
)
def test_a_seeded_fault_is_found_and_named(fault: Any, said: str) -> None:
    bent = fault(list(ROWS))
    assert summary(bent) != summary(ROWS)
    assert differences(TABLE, ROWS, bent) == [said]


def test_a_swap_of_two_keys_is_two_differences() -> None:
    bent = [(1, *ROWS[2][1:]), (2, *ROWS[1][1:]), *(r for r in ROWS if r[0] not in (1, 2))]
    assert summary(bent) != summary(ROWS)
    (said,) = differences(TABLE, ROWS, bent)
    assert said.startswith("t: 2 different (id 1: note is 'note 2'")


def test_a_keyless_row_is_named_by_all_of_it() -> None:
    table = Table("t", ("a", "b"), ())
    assert differences(table, [(1, "x"), (2, "y")], [(1, "x")]) == [
        "t: 1 missing on the target (a 2, b y)"
    ]


def test_rows_in_another_order_are_no_difference() -> None:
    assert differences(TABLE, ROWS, ROWS[::-1]) == []
