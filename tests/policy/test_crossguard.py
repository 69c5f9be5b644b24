"""The pack as Pulumi's engine runs it: a process of its own environment, asked over gRPC.

pulumi_policy wants another protobuf than the project has, so this needs the pack's environment:
`pulumi install` in policy/ makes it, and so does
`python -m venv policy/.venv && policy/.venv/bin/pip install -r policy/requirements.txt`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policy.cli import of_program
from policy.resources import UNKNOWN, Registered
from policy.rules import RULES, judge
from tests.policy.ground import a, stack
from tests.stacks.run_program import PROJECT

PYTHON = PROJECT / "policy/.venv/bin/python"
pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the pack's environment policy/.venv is not there"
)
ADVISORY, MANDATORY = 0, 1


@contextmanager
def served(name: str) -> Iterator[Any]:
    """The pack for a stack of that name, as `pulumi preview --policy-pack policy` starts it."""
    environment = {
        **os.environ,
        "PULUMI_PROJECT": "aws-databases",
        "PULUMI_STACK": name,
        "PULUMI_DRY_RUN": "true",
    }
    command = [str(PYTHON), "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PROJECT / "policy")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()
            process.wait(10)


def findings(name: str, registered: Registered) -> set[tuple[str, int, str]]:
    resources = [
        analyzer_pb2.AnalyzerResource(
            type=each.type,
            urn=each.urn,
            name=each.name,
            parent=each.parent,
            properties=json_format.ParseDict(dict(each.props), struct_pb2.Struct()),
        )
        for each in registered.resources
    ]
    with served(name) as analyzer:
        asked = analyzer_pb2.AnalyzeStackRequest(resources=resources)
        answer = analyzer.AnalyzeStack(asked, timeout=30)
    return {(each.policyName, each.enforcementLevel, each.urn) for each in answer.diagnostics}


def test_it_has_every_rule() -> None:
    with served("prod") as analyzer:
        info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=30)
    assert {each.name for each in info.policies} == {rule.id for rule in RULES}


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_it_finds_what_the_command_finds(name: str) -> None:
    registered = of_program(PROJECT, name)
    levels = {"advisory": ADVISORY, "mandatory": MANDATORY}
    said = {(each.rule, levels[each.level], each.urn) for each in judge(name, registered)}
    assert len(said) > 10
    assert findings(name, registered) == said


def test_a_production_stack_is_stopped_and_what_is_unknown_is_no_error() -> None:
    public = a("Instance", publiclyAccessible=True, kmsKeyId=UNKNOWN, vpcSecurityGroupIds=[UNKNOWN])
    found = findings("prod", stack(public))
    assert ("public-access", MANDATORY, public.urn) in found
    assert not [each for each in found if each[0] in ("encryption", "security-groups")]
    assert ("public-access", ADVISORY, public.urn) in findings("dev", stack(public))
