"""Findings against the table of accepted ones, and the table itself."""

from __future__ import annotations

import pytest

from tests.scan.accepted import FILE, Accepted, Finding, Unreadable, judge, read

BACKTRACK = Finding("CKV_AWS_326", "aws_rds_cluster.catalog-cluster", "backtracking")
UPGRADES = Finding("CKV_AWS_226", "aws_rds_cluster_instance.a", "minor upgrades")
ONE = Accepted("CKV_AWS_326", "aws_rds_cluster.catalog-cluster", "because")
ANY = Accepted("CKV_AWS_226", "aws_rds_cluster_instance.*", "because")


def test_a_line_has_a_check_a_resource_and_a_reason() -> None:
    text = "| check | resource | why |\n|---|---|---|\n| `CKV_AWS_1` | `aws_a.b-*` | It is so. |\n"
    assert read(text) == [Accepted("CKV_AWS_1", "aws_a.b-*", "It is so.")]


@pytest.mark.parametrize(
    "line",
    ["| `CKV_AWS_1` | `aws_a.b` |  |", "| `CKV_AWS_1` | aws_a.b | so |", "| `CKV_AWS_1` | `a.b` |"],
)
def test_a_line_that_says_too_little(line: str) -> None:
    with pytest.raises(Unreadable, match="write"):
        read(line)


def test_every_finding_with_a_line_is_good() -> None:
    assert judge([BACKTRACK, UPGRADES], [ONE, ANY]).good


def test_a_finding_without_a_line_is_new() -> None:
    verdict = judge([BACKTRACK, UPGRADES], [ONE])
    assert (verdict.new, verdict.stale, verdict.good) == ([UPGRADES], [], False)


def test_a_line_is_of_one_check_and_of_one_resource() -> None:
    other = Accepted("CKV_AWS_326", "aws_rds_cluster.store-cluster", "because")
    another = Accepted("CKV_AWS_327", BACKTRACK.resource, "because")
    verdict = judge([BACKTRACK], [other, another])
    assert verdict.new == [BACKTRACK]
    assert verdict.stale == [other, another]


def test_a_line_of_what_no_longer_occurs_is_stale() -> None:
    verdict = judge([BACKTRACK], [ONE, ANY])
    assert (verdict.new, verdict.stale, verdict.good) == ([], [ANY], False)


def test_the_projects_table_can_be_read_and_says_why() -> None:
    found = read(FILE.read_text())
    assert len(found) == len(set(found)) > 5
    for line in found:
        assert len(line.why) > 10, line
        assert line.resource != "*", line
