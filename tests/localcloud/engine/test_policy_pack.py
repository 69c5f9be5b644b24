"""A policy pack beside the program is asked before anything is made, as Pulumi's is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from localcloud.engine import deploy
from localcloud.engine.project import load
from localcloud.errors import DeployFailed
from tests.localcloud.engine.programs import instance
from tests.localcloud.engine.stage import Stage

PACK = Path(__file__).parents[3] / "policy"
OPEN = instance("judged") + (
    'group = aws.ec2.SecurityGroup("group", description="all", vpc_id=vpc)\n'
    'aws.vpc.SecurityGroupIngressRule("from-all", security_group_id=group.id,\n'
    '    ip_protocol="tcp", from_port=3306, to_port=3306, cidr_ipv4="0.0.0.0/0")\n'
)


@pytest.fixture
def judged(stage: Stage) -> Stage:
    """A project with the pack, an open database and two stacks."""
    shutil.copytree(PACK, stage.folder / "policy", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(stage.folder / "Pulumi.dev.yaml", stage.folder / "Pulumi.prod.yaml")
    stage.write("vpc = aws.ec2.get_vpc(default=True).id\n" + OPEN)
    return stage


def up(stage: Stage, stack: str, *, preview: bool = False) -> str:
    said: list[str] = []
    project = load(stage.folder, stack)
    deploy.up(stage.site, project, stage.steps.append, preview=preview, says=said.append)
    return "\n".join(said)


def test_in_production_the_first_resource_is_not_made(judged: Stage) -> None:
    calls = len(judged.endpoint.fleet.calls)
    with pytest.raises(DeployFailed) as caught:
        up(judged, "prod")
    text = str(caught.value)
    assert text.startswith("nothing was made: the policy forbids it\npolicy: ")
    for named in ("from-all: lets in 0.0.0.0/0", "database: has no standby", "mistake 2", "; set "):
        assert named in text
    assert "correct-horse-1" not in text
    assert judged.steps == []
    assert len(judged.endpoint.fleet.calls) == calls
    assert "judged" not in judged.instances()


def test_a_preview_is_stopped_as_well(judged: Stage) -> None:
    with pytest.raises(DeployFailed, match=r"lets in 0\.0\.0\.0/0"):
        up(judged, "prod", preview=True)


def test_in_dev_it_is_said_and_made(judged: Stage) -> None:
    said = up(judged, "dev")
    assert "advisory finding(s) in dev are worth a look:" in said
    assert "from-all: lets in 0.0.0.0/0" in said
    assert "judged" in judged.instances()
    assert {step.name for step in judged.steps} == {"database", "group", "from-all"}


def test_a_password_in_a_text_is_found(judged: Stage) -> None:
    # The SDK itself marks an argument called password; it marks no description.
    assert "plaintext-secrets" not in up(judged, "dev", preview=True)
    program = (judged.folder / "__main__.py").read_text()
    judged.write(program.replace('description="all"', 'description="password=correct-horse-1"'))
    said = up(judged, "dev", preview=True)
    assert "group: has a password spelt out in description" in said
    assert "correct-horse-1" not in said


@pytest.mark.parametrize(
    ("pack", "says"),
    [
        ("raise SystemExit('no rules today')", "the policy pack failed: no rules today"),
        ("import sys; sys.exit(2)", "the policy pack failed: 2"),
    ],
)
def test_a_pack_that_fails_lets_nothing_through(judged: Stage, pack: str, says: str) -> None:
    (judged.folder / "policy/__main__.py").write_text(pack)
    with pytest.raises(DeployFailed, match=says):
        up(judged, "dev")
    assert "judged" not in judged.instances()


def test_without_a_pack_nothing_is_said(stage: Stage) -> None:
    stage.write("vpc = aws.ec2.get_vpc(default=True).id\n" + OPEN)
    assert up(stage, "dev", preview=True) == ""
