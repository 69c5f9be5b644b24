from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.failover import Candidate, may_promote, reader_targets, successor
from localcloud.servers.mariadb_replication import sequence

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        name=st.sampled_from("abcdef"),
        position=st.integers(0, 5),
        tier=st.integers(0, 15),
    ),
    min_size=1,
    unique_by=lambda c: c.name,
)


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ([], None),
        ([Candidate("b", 7), Candidate("a", 7)], "a"),
        ([Candidate("a", 7, tier=1), Candidate("b", 7, tier=0)], "b"),
        ([Candidate("a", 7, tier=0), Candidate("b", 8, tier=15)], "b"),
    ],
)
def test_the_most_advanced_then_the_lowest_tier_then_by_name(
    candidates: list[Candidate], expected: str | None
) -> None:
    assert successor(candidates) == expected


@given(CANDIDATES)
def test_nobody_is_ahead_of_the_successor(candidates: list[Candidate]) -> None:
    chosen = next(c for c in candidates if c.name == successor(candidates))
    assert all(c.position <= chosen.position for c in candidates)


@pytest.mark.parametrize(
    ("members", "alive", "expected"),
    [
        ("w", "", False),
        ("wab", "ab", True),
        ("wab", "a", False),
        ("wab", "", False),
        ("wab", "wab", True),
    ],
)
def test_a_reader_is_promoted_only_when_every_reader_is_there(
    members: str, alive: str, expected: bool
) -> None:
    assert may_promote(set(members), "w", set(alive)) is expected


@pytest.mark.parametrize(
    ("members", "writer", "alive", "expected"),
    [
        ("wab", "w", "wab", "ab"),
        ("wab", "w", "wb", "b"),
        ("wab", "w", "w", "w"),
        ("w", "w", "w", "w"),
        ("", None, "", ""),
        ("wab", "w", "wabz", "ab"),
    ],
)
def test_a_reader_endpoint_leads_to_the_writer_only_without_readers(
    members: str, writer: str | None, alive: str, expected: str
) -> None:
    assert reader_targets(set(members), writer, set(alive)) == frozenset(expected)


@pytest.mark.parametrize(
    ("gtid", "expected"), [("", 0), ("0-258-42", 42), ("0-1-3,0-2-9", 9), ("0-1-10", 10)]
)
def test_a_position_is_its_sequence_number(gtid: str, expected: int) -> None:
    assert sequence(gtid) == expected
