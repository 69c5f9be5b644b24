"""What `up` and `status` print: plain lines, the same in a terminal and in a pipe."""

from __future__ import annotations

import io
from dataclasses import asdict
from typing import Any

import pytest

from localcloud.engine.steps import Action, Step
from localcloud.report import Progress, servers, short_type, table
from localcloud.servers.facts import ServerStatus

INSTANCE = "aws:rds/instance:Instance"


def told(*steps: Step, preview: bool = False) -> tuple[list[str], str]:
    out = io.StringIO()
    progress = Progress(preview=preview, out=out)
    for step in steps:
        progress(step)
    return out.getvalue().splitlines(), progress.summary(1.26)


@pytest.mark.parametrize(
    ("action", "done", "planned"),
    [
        ("create", "+ created", "+ to create"),
        ("recreate", "+ created again", "+ to create again"),
        ("update", "~ updated", "~ to update"),
        ("replace", "± replaced", "± to replace"),
        ("delete", "- deleted", "- to delete"),
    ],
)
def test_each_change_has_a_line_and_counts(action: Action, done: str, planned: str) -> None:
    step = Step(action, INSTANCE, "mysql")
    for preview, words in ((False, done), (True, planned)):
        (line,), summary = told(step, preview=preview)
        assert line.split("aws.rds.Instance")[0].strip() == words
        assert line.endswith("mysql")
        assert summary == f"1 {words[2:]} in 1.3 s"


def test_what_stays_is_only_counted() -> None:
    same = Step("same", INSTANCE, "mysql")
    lines, summary = told(same, same, Step("create", INSTANCE, "other"))
    assert len(lines) == 1
    assert summary == "1 created, 2 unchanged in 1.3 s"
    assert told()[1] == "nothing to do in 1.3 s"


def test_a_line_says_what_changed_and_how_long_it_took() -> None:
    step = Step("update", INSTANCE, "mysql", frozenset({"multiAz", "instanceClass"}), 2.04)
    (line,), _ = told(step)
    assert line.endswith("mysql [instanceClass, multiAz]  2.0 s")


@pytest.mark.parametrize(
    ("token", "short"),
    [
        (INSTANCE, "aws.rds.Instance"),
        ("random:index/randomPassword:RandomPassword", "random.RandomPassword"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
         "aws.vpc.SecurityGroupIngressRule"),
    ],
)  # fmt: skip
def test_a_type_is_written_as_in_python(token: str, short: str) -> None:
    assert short_type(token) == short


def test_a_table_is_as_wide_as_its_cells() -> None:
    assert table([["a", "long value"], ["longer", "b"]], ["one", "two"]).splitlines() == [
        "one     two",
        "------  ----------",
        "a       long value",
        "longer  b",
    ]


def status(identifier: str, role: str, pid: int | None, rss: int) -> dict[str, Any]:
    """A row as the daemon's page has it."""
    found = ServerStatus(
        kind="mysql",
        region="us-east-1",
        identifier=identifier,
        role=role,
        address="127.77.1.1:3306",
        pid=pid,
        alive=pid is not None,
        rss=rss,
    )
    return asdict(found)


def test_servers_and_their_memory() -> None:
    shown = servers(
        [status("one", "writer", 7, 90_000_000), status("two", "reader", None, 0)]
    ).splitlines()
    assert shown[2].split() == [
        "one", "us-east-1", "mysql", "writer", "127.77.1.1:3306", "7", "90", "MB",
    ]  # fmt: skip
    assert "reader (dead)" in shown[3]
    assert shown[-1].endswith("processes, 90 MB resident")
