"""What a finding says, how strict it is, and what the project's own stacks have."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from policy import rules
from policy.cli import main, of_program
from policy.rules import RULES, is_production, judge
from tests.policy.ground import a, stack
from tests.stacks.run_program import PROJECT

SEVEN = (
    "Not enabling Multi-AZ for production",
    "Inadequate security group configuration",
    "Poor backup and recovery planning",
    "Not monitoring performance metrics",
    "Ignoring read replica lag",
    "Over-provisioning resources",
    "Not using connection pooling",
)
OPEN = a("SecurityGroupIngressRule", name="orders-from-all", cidrIpv4="0.0.0.0/0")


@pytest.mark.parametrize(
    ("name", "production"),
    [
        ("prod", True),
        ("production", True),
        ("prod-eu", True),
        ("shop-prod", True),
        ("dev", False),
        ("staging", False),
        ("product", False),
        ("reprod", False),
    ],
)
def test_what_counts_as_production(name: str, production: bool) -> None:
    assert is_production(name) is production


def test_each_of_the_courses_mistakes_has_a_rule() -> None:
    said = {rule.course for rule in RULES}
    for number, mistake in enumerate(SEVEN, start=1):
        assert f"mistake {number}: {mistake}" in said


def test_a_finding_says_where_what_why_and_how() -> None:
    (finding,) = judge("prod", stack(OPEN))
    assert (finding.resource, finding.level, finding.rule) == (
        "orders-from-all",
        "mandatory",
        "security-groups",
    )
    assert finding.problem == "lets in 0.0.0.0/0"
    assert finding.course == "mistake 2: Inadequate security group configuration"
    assert finding.change == "name the clients' security group, or a range of your own network"


def test_the_same_is_advisory_in_dev() -> None:
    assert [each.level for each in judge("dev", stack(OPEN))] == ["advisory"]


def test_a_production_database_that_nobody_watches_stops_it() -> None:
    silent = stack(a("Instance"), a("ProxyTarget"), a("BackupCopy"))
    assert {(each.rule, each.level) for each in judge("prod", silent)} == {
        ("monitoring", "mandatory")
    }


def test_mandatory_findings_come_first() -> None:
    levels = [each.level for each in judge("prod", stack(a("LogGroup", kmsKeyId=""), OPEN))]
    assert levels == sorted(levels, reverse=True)


def test_the_production_stack_has_nothing_mandatory() -> None:
    registered = of_program(PROJECT, "prod")
    assert len(registered.resources) > 100
    assert [each for each in judge("prod", registered) if each.level == "mandatory"] == []


def test_the_course_s_own_stack_would_not_do_in_production() -> None:
    found = judge("prod", of_program(PROJECT, "dev"))
    stops = {(each.rule, each.resource) for each in found if each.level == "mandatory"}
    assert ("connection-pooling", "mysql-instance") in stops
    assert ("deletion-protection", "aurora-cluster") in stops
    assert ("multi-az", "aurora-serverless-cluster") in stops
    assert not {rule for rule, _ in stops} & {"public-access", "plaintext-secrets", "encryption"}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["--program", str(PROJECT), *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_as_a_command_dev_is_only_advised(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert code == 0
    assert "advisory finding(s) in dev are worth a look:" in out
    assert "mandatory" not in out


def test_a_stack_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--stack", "none")
    assert code == 2
    assert "Pulumi.none.yaml: is not there" in err


def resource(**props: Any) -> dict[str, Any]:
    return {
        "urn": "urn:pulumi:prod::shop::aws:rds/instance:Instance::orders",
        "type": "aws:rds/instance:Instance",
        "name": "orders",
        "parent": "",
        "props": props,
        "secrets": [],
    }


def test_resources_of_another_engine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resources = [resource(publiclyAccessible=True)]
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(resources)))
    code, out, _ = run(capsys, "--stack", "prod", "--registered", "--json")
    assert code == 2
    assert {
        "rule": "public-access",
        "course": "practice 1: Public access: No",
        "level": "mandatory",
        "resource": "orders",
        "type": "aws:rds/instance:Instance",
        "urn": resources[0]["urn"],
        "problem": "has a public address",
        "change": "leave publicly_accessible out",
    } in json.loads(out)


def test_nothing_found_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("[]"))
    assert run(capsys, "--registered") == (
        0,
        f"policy: nothing found in dev by {len(RULES)} rules\n",
        "",
    )


def test_the_pack_has_its_own_environment() -> None:
    folder = Path(rules.__file__).parent
    assert "pulumi_policy==" in (folder / "requirements.txt").read_text()
    assert "name: python" in (folder / "PulumiPolicy.yaml").read_text()
