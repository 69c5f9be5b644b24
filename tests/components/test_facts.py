from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pydantic import ValidationError

from components.facts import facts
from contract import Database
from tests.recorder import UNKNOWN, record

PLAIN: dict[str, Any] = {
    "kind": "rds-mysql",
    "engine": "mysql",
    "version": "8.4.8",
    "region": "us-east-1",
    "endpoints": [{"role": "writer", "host": "db.example", "port": 3306}],
}


def test_outputs_may_be_anywhere_in_them() -> None:
    def program() -> None:
        host = pulumi.Output.from_input("db.example")
        name = pulumi.Output.from_input("db-1")
        endpoint = {"role": "writer", "host": host, "port": 3306, "members": [name]}
        pulumi.export("facts", facts(PLAIN | {"endpoints": [endpoint], "instances": [name]}))

    found = Database.model_validate(record(program).outputs["facts"])
    assert found.instances == ("db-1",)
    assert found.endpoint("writer").host == "db.example"
    assert found.endpoint("writer").members == ("db-1",)


@pytest.mark.parametrize(
    "wrong", [{"port": 3306}, {"kind": None}, {"endpoints": [{"role": "master", "host": "a"}]}]
)
def test_what_the_contract_does_not_know_ends_the_program(wrong: dict[str, Any]) -> None:
    def program() -> None:
        pulumi.export("facts", facts(PLAIN | wrong))

    with pytest.raises(ValidationError):
        record(program)


def test_a_fact_that_is_not_known_yet_is_not_checked_yet() -> None:
    def program() -> None:
        group = aws.ec2.SecurityGroup("group")
        pulumi.export("facts", facts(PLAIN | {"security_group": group.id}))

    assert record(program, preview=True).outputs == {"facts": UNKNOWN}
