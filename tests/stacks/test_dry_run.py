"""The dry run registers what the program does, and knows what waits for what."""

from __future__ import annotations

import pytest

from specs.problems import ConfigError
from stacks.dry_run import UNKNOWN, Registration, dry_run
from tests.stacks.recorded import recorded
from tests.stacks.run_program import PROJECT, STACKS


@pytest.mark.parametrize("stack", STACKS)
def test_it_registers_what_the_program_does(stack: str) -> None:
    registered = {(each.type, each.name) for each in dry_run(PROJECT, stack)}
    assert registered == {(each.type, each.name) for each in recorded(stack).resources}


@pytest.fixture(scope="module")
def dev() -> dict[str, Registration]:
    return {each.name: each for each in dry_run(PROJECT, "dev")}


def test_it_knows_what_waits_for_what(dev: dict[str, Registration]) -> None:
    replica, source = dev["mysql-replica-instance"], dev["mysql-instance"]
    assert replica.needs_of["replicateSourceDb"] == {source.urn}
    assert source.urn in replica.needs
    assert replica.parent == dev["mysql-replica"].urn
    assert not dev["mysql-replica"].custom


def test_only_what_aws_tells_is_unknown(dev: dict[str, Registration]) -> None:
    inputs = dev["mysql-instance"].inputs
    assert inputs["identifier"] == "myapp-mysql-db"
    assert inputs["kmsKeyId"] == UNKNOWN
    assert "password" in dev["mysql-instance"].secrets


def test_it_has_the_stack_s_name(dev: dict[str, Registration]) -> None:
    assert dev["mysql"].urn.startswith("urn:pulumi:dev::aws-databases::")


def test_a_stack_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"Pulumi\.none\.yaml: is not there"):
        dry_run(PROJECT, "none")
