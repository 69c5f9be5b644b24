"""`python -m stacks explain`: plain in a pipe, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stacks.__main__ import main
from stacks.config import from_file, raw_topologies
from stacks.origins import values
from tests.stacks.run_program import PROJECT


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", "--program", str(PROJECT), *arguments]) == 0
    return capsys.readouterr().out


def test_in_a_pipe_it_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    out = explained(capsys)
    assert "\x1b" not in out
    assert "│" not in out
    lines = [line.split() for line in out.splitlines()]
    assert ["mysql", "rds-mysql", "us-east-1", "14"] in lines
    assert ["mysql", "class", "db.t3.micro", "stack"] in lines
    assert "USD a month for what has a price;" in out
    (line,) = (n for n in out.splitlines() if n.startswith("mysql ") and "its standby" in n
               and "db.t3" in n)  # fmt: skip
    assert line.split()[-5:] == ["0.017", "hour", "24.82", "2026-05-03", "[2]"]
    assert "no price known" in out


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(explained(capsys, "--stack", "prod", "--json"))
    assert {"name": "orders", "kind": "rds-mysql", "region": "us-east-1", "resources": 15} in (
        found["topologies"]
    )
    for cost in found["costs"]:
        assert cost["price"] is None or (cost["price"]["date"] and cost["price"]["source"])
    fixed = sum(cost["monthly_usd"] or 0 for cost in found["costs"])
    assert found["fixed_monthly_usd"] == round(fixed, 2)


def test_why_a_value_is_what_it_is() -> None:
    stack = from_file(PROJECT, "dev")
    why = {
        (each.topology, each.key): (each.value, each.why)
        for each in values(stack, raw_topologies(PROJECT, "dev"))
    }
    assert why["mysql", "storage.size_gb"] == ("20", "stack")
    assert why["aurora", "readers.0.identifier"] == ("myapp-aurora-reader-1", "stack")
    assert why["mysql", "performance_insights"] == ("-", "default: small classes do not have it")
    region = ("us-west-2", "stack"), "default: it stands where what it builds on does, else in "
    assert why["mysql-replica-west", "region"] == region[0]
    assert why["mysql-replica", "region"] == ("us-east-1", f"{region[1]}aws:region")
    assert {each for _, each in why.values() if not each.startswith("default")} == {"stack"}


def test_a_stack_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["explain", "--program", str(tmp_path)]) == 2
    assert "Pulumi.dev.yaml: is not there" in capsys.readouterr().err


def test_a_reservation_and_its_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = "I pay 0 USD upfront on 2026-11-20, for good"
    text = (PROJECT / "Pulumi.dev.yaml").read_text() + (
        "  aws-databases:reservations:\n"
        "    reserved-mysql:\n"
        "      kind: reserved-instances\n"
        "      identifier: course-mysql\n"
        "      engine: mysql\n"
        "      class: db.t3.micro\n"
        "      count: 2\n"
        "      years: 1\n"
        "      payment: no-upfront\n"
    )
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text)
    assert main(["explain", "--program", str(tmp_path)]) == 2
    assert "cannot be undone" in capsys.readouterr().err
    file.write_text(f"{text}      confirm: {words}\n")
    assert main(["explain", "--program", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split("  ") == [
        "reserved-mysql", "2 x mysql, 1 year(s)", words,
    ]  # fmt: skip
