"""The page of a run: complete in itself, readable without colour, and without a secret."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.verify.command import Verify
from tests.verify.databases import PASSWORD
from tests.verify.sample_report import DATABASES, DRILL, NODES, REPORT
from verify.report.changes import changes
from verify.report.page import render
from verify.report.plots import Axis, Line, plot
from verify.results import Report, Status
from verify.transcript import EXCHANGES, kept, tell, tell_rows

MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def page() -> str:
    return render(REPORT, DATABASES, NODES, "AWS", None, [DRILL])


class _Balanced(HTMLParser):
    """Fails on a tag that is not closed in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_whole_and_asks_for_nothing(page: str) -> None:
    parser = _Balanced()
    parser.feed(page)
    assert parser.open == []
    assert parser.addresses
    assert all(address.startswith("#") for address in parser.addresses)
    assert "<script" not in page
    assert "@import" not in page
    assert "url(" not in page.replace("url(#tip)", "")


def test_what_servers_said_is_text(page: str) -> None:
    assert "1 | &lt;b&gt;john&lt;/b&gt;" in page
    assert "no &lt;cipher&gt; &amp; no TLS" in page
    assert "<cipher>" not in page


@pytest.mark.parametrize(
    "text",
    [
        "1 of 4 exercises failed",
        "nobody answers",
        "write outage 0.60 s",
        "reader-1: failover completed",
        "reads at reader",
        "9.000 s, and still is",
        "nothing at all for 9.0 s",
        "its package is not installed",
        "under 30 s",
        "alarm beyond 60 s",
        "CloudWatch: west",
        "ReplicaLag 1 s",
        "under load",
        "cache-001 (% hits)",
        "capacity (ACU)",
        "2 × 1213",
        "no proxy leads to it",
        "Using filesort",
        "us-east-1a",
        "■ orders-1: primary",
        "us-east-1b",
        "□ its standby",
        "eu-west-1c",
        "symbols of our own",
        "Region eu-west-1",
        "Amazon RDS Proxy",
        "prefers-color-scheme: dark",
        "@media print",
    ],
)
def test_it_says(page: str, text: str) -> None:
    assert text in page


def test_every_copy_and_every_door_has_its_arrow(page: str) -> None:
    assert len(re.findall(r'class="arrow replication"', page)) == 2
    assert len(re.findall(r'class="arrow connections"', page)) == 1


def test_changes_are_outcomes_times_and_steps_that_came_or_went() -> None:
    first = REPORT.exercises[0]
    passed = first.steps[1].model_copy(update={"status": Status.PASSED, "said": "TLSv1.3"})
    slow = first.steps[0].model_copy(update={"seconds": 5.0})
    old = REPORT.model_copy(
        update={"exercises": (first.model_copy(update={"steps": (slow, passed)}),)}
    )
    found = {c.where: (c.before, c.now) for c in changes(old, REPORT)}
    assert found == {
        "mysql orders: select the three rows": ("5.00 s", "0.20 s"),
        "mysql orders: TLS in use": ("passed: TLSv1.3", "failed: no <cipher> & no TLS"),
        "replica copy: rows arrive": ("not there", "passed: 20 heartbeats"),
        "lag orders: copy at rest": ("not there", "passed: 2 heartbeats"),
    }
    assert changes(REPORT, REPORT) == []


def test_a_lag_that_grew_is_a_change() -> None:
    exercise = REPORT.exercises[2]
    copy, west = exercise.lags
    rest, load = west.phases
    slow = west.model_copy(update={"phases": (rest, load.model_copy(update={"p95_ms": 900.0}))})
    now = exercise.model_copy(update={"lags": (copy, slow)})
    found = changes(
        REPORT.model_copy(update={"exercises": (exercise,)}),
        REPORT.model_copy(update={"exercises": (now,)}),
    )
    assert [(c.where, c.before, c.now) for c in found] == [
        ("west under load, p95 of its lag", "360.0 ms", "900.0 ms")
    ]


def test_few_heartbeats_are_drawn_where_there_are_not_many() -> None:
    few = REPORT.model_copy(update={"exercises": REPORT.exercises[1:2]})
    assert "the replica copy" in render(few, {}, {}, "AWS")
    assert "Replication lag, from commit to visible" in render(few, {}, {}, "AWS")


def test_what_sticks_out_of_many_points_is_drawn() -> None:
    points = [(float(n), 1.0) for n in range(10_000)]
    points[5_003] = (5_003.0, 900.0)
    peak = plot("lag", [Line("copy", points)], Axis("s"), Axis("ms"))
    assert len(peak) < 20_000
    heights = {float(y) for y in re.findall(r",([\d.]+)L", peak)}
    assert len(heights) == 2


def test_a_run_of_nothing_has_a_page_too() -> None:
    empty = render(Report(stack="s", seconds=0, exercises=()), {}, {}, "AWS")
    assert "0 of 0 could not run" in empty


def test_a_broken_promise_of_a_drill_is_no_good_run() -> None:
    run = DRILL.runs[0].model_copy(update={"broken": ("3 acknowledged rows are lost",)})
    fine = REPORT.model_copy(update={"exercises": REPORT.exercises[1:2]})
    page = render(fine, {}, {}, "AWS", None, [DRILL.model_copy(update={"runs": (run,)})])
    assert "Failover drills broke 1 promises" in page
    assert "failover of Aurora to reader-1: 3 acknowledged rows are lost" in page
    assert "All 1 exercises passed" in render(fine, {}, {}, "AWS", None, [DRILL])


def test_only_what_is_no_secret_is_kept_and_little_of_it() -> None:
    with kept() as exchanges:
        tell("ACL SETUSER a >hunter2", "OK")
        tell("AUTH hunter2", "OK")
        tell("CREATE USER a IDENTIFIED BY 'hunter2'", "ok")
        tell_rows("SELECT 1", [(1, None)] * 9)
        for n in range(20):
            tell(f"GET {n}", "x" * 1000)
    assert len(exchanges) == EXCHANGES
    assert "hunter2" not in str(exchanges)
    assert exchanges[0].answered == "1 | NULL\n" * 5 + "... 9 rows in all"
    assert max(len(e.answered) for e in exchanges) == 300
    tell("GET nobody listens", "")
    assert len(exchanges) == EXCHANGES


@pytest.mark.timeout(300)
def test_a_run_writes_it_and_compares(verify: Verify, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    done = verify("mysql", "copy", "redis", "--seconds", "1", "--report", str(folder))
    assert done.code == 0, done.out + done.err
    assert f"report: {folder / 'report.html'}" in done.out
    files = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(files) == {"report.html", "results.json", "junit.xml"}
    assert len(files["report.html"].encode()) < MOST_BYTES
    for text in files.values():
        assert PASSWORD not in text
        assert "local-cloud-has-no-secrets" not in text
    assert "Lag of the copies of mysql" in files["report.html"]
    assert "Lag of the copies of redis" in files["report.html"]
    assert "Cache hit rate by node" in files["report.html"]
    assert 'classname="verify.lag.mysql"' in files["junit.xml"]
    assert "INSERT INTO users" in files["report.html"]
    assert "john_doe | john@example.com" in files["report.html"]
    raw = json.loads(files["results.json"])
    (test,) = raw["performance"]["tests"]
    assert test["database"] == "mysql"
    assert len(test["variants"]) == 3
    again = verify(
        "redis",
        "--seconds",
        "1",
        "--report",
        str(folder),
        "--compare",
        str(folder / "results.json"),
    )
    assert again.code == 0
    assert "not there" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--compare", "x.json"), "give --report DIR, too"),
        (("--report", "/dev/null/x"), "cannot write the report to /dev/null/x"),
        (("--report", "{tmp}", "--compare", "/nonexistent.json"), "cannot read /nonexistent.json"),
        (("--report", "{tmp}", "--compare", "{tmp}/other.json"), "is not a run's results.json"),
    ],
)
def test_what_cannot_be_written_is_said_before_an_exercise_runs(
    verify: Verify, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "other.json").write_text("{}")
    done = verify("mysql", *(word.format(tmp=tmp_path) for word in words))
    assert done.code == 2
    assert said in done.err
    assert "select" not in done.out


def test_a_record_that_is_no_drill_is_named(verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "failover-1.json").write_text('{"drills": [{"events": 3}]}')
    done = verify("mysql", "--report", str(tmp_path))
    assert done.code == 2
    assert "failover-1.json is no record of a failover drill" in done.err
