"""A deployment takes no longer than AWS forces it to; what lengthens it is found."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from stacks.__main__ import main
from stacks.dry_run import Registration, dry_run
from stacks.durations import CLUSTER, INSTANCE, MEMBER
from stacks.makespan import REASONS, Deployment
from tests.stacks.run_program import PROJECT, STACKS

KEY = "aws:kms/key:Key"


@pytest.mark.parametrize("stack", STACKS)
def test_it_takes_no_longer_than_aws_forces(stack: str) -> None:
    found = Deployment(dry_run(PROJECT, stack))
    assert found.makespan > 30
    assert found.ratio == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize("stack", STACKS)
def test_whatever_waits_without_need_has_its_reason(stack: str) -> None:
    delays = Deployment(dry_run(PROJECT, stack)).delays
    assert [each for each in delays if each.reason is None] == []


def test_every_reason_is_of_use() -> None:
    # A reason that nobody needs any more would hide the next delay of its kind.
    used = {
        each.reason
        for stack in STACKS
        for each in Deployment(dry_run(PROJECT, stack)).delays
    }  # fmt: skip
    assert set(REASONS.values()) <= used


def node(
    name: str, type_: str, after: tuple[str, ...] = (), parent: str = "", **needs: str
) -> Registration:
    """A resource; ``needs`` are inputs and the resource that each comes from."""
    return Registration(
        urn=name,
        type=type_,
        name=name,
        parent=parent,
        custom=type_.startswith("aws:"),
        inputs=dict.fromkeys(needs, "<unknown>"),
        secrets=frozenset(),
        needs=frozenset({*after, *needs.values()}),
        needs_of={key: frozenset({value}) for key, value in needs.items()},
    )


def minutes(registered: list[Registration]) -> float:
    return round(Deployment(registered).makespan, 2)


def test_what_waits_for_nothing_goes_side_by_side() -> None:
    assert minutes([]) == 0
    assert minutes([node("one", INSTANCE), node("two", INSTANCE)]) == 4.9


def test_a_chain_is_as_long_as_its_links() -> None:
    chain = [
        node("key", KEY),
        node("cluster", CLUSTER, kmsKeyId="key"),
        node("writer", MEMBER, clusterIdentifier="cluster"),
    ]
    assert minutes(chain) == round(0.37 + 0.85 + 6.5, 2)
    assert [each.name for each in Deployment(chain).chain] == ["key", "cluster", "writer"]
    assert Deployment(chain).ratio == 1.0
    assert Deployment(chain).delays == []


def test_a_component_s_children_wait_for_it() -> None:
    slow = node("slow", INSTANCE)
    component = node("component", "aws-databases:index:X", ("slow",))
    child = node("child", INSTANCE, parent="component")
    assert minutes([slow, component, child]) == 9.8
    (delay,) = Deployment([slow, component, child]).delays[1:]
    assert (delay.edge.through, delay.reason) == ("parent", None)


def test_a_needless_edge_is_found() -> None:
    good = [node("a", INSTANCE), node("b", INSTANCE)]
    bad = [node("a", INSTANCE), node("b", INSTANCE, after=("a",))]
    assert Deployment(good).ratio == 1.0
    assert Deployment(bad).ratio == pytest.approx(2.0)
    (delay,) = Deployment(bad).delays
    assert (delay.edge.before, delay.minutes, delay.reason) == ("a", 4.9, None)


def test_a_record_that_nobody_waits_for_delays_nobody() -> None:
    alarm = "aws:cloudwatch/metricAlarm:MetricAlarm"
    found = Deployment([node("a", INSTANCE), node("alarm", alarm, dimensions="a")])
    assert found.delays == []
    then = node("b", INSTANCE, after=("alarm",))
    waits = Deployment([node("a", INSTANCE), node("alarm", alarm, dimensions="a"), then]).delays
    assert [each.edge.after for each in waits] == ["alarm", "b"]


def test_an_input_that_aws_does_not_force_is_found() -> None:
    bad = [node("a", INSTANCE), node("b", INSTANCE, tags="a")]
    assert Deployment(bad).ratio == pytest.approx(2.0)


def test_a_replica_that_waits_for_its_sibling_is_found() -> None:
    registered = dry_run(PROJECT, "dev")
    (beside,) = (each for each in registered if each.name == "mysql-replica-instance")
    chained = [
        replace(each, needs=each.needs | {beside.urn})
        if each.name == "mysql-replica-west-instance"
        else each
        for each in registered
    ]
    before, after = Deployment(registered), Deployment(chained)
    assert (round(before.makespan, 1), round(after.makespan, 1)) == (32.2, 42.2)
    assert after.ratio == pytest.approx(42.17 / 32.17, abs=0.01)
    assert [each.minutes for each in after.delays if each.reason is None] == [pytest.approx(10)]


@pytest.mark.parametrize(
    ("inputs", "source_region", "expected"),
    [
        ({}, None, 4.9),
        ({"multiAz": True}, None, 13.8),
        ({"region": "us-east-1"}, "us-east-1", 10.0),
        ({"region": "us-east-1", "multiAz": True}, "us-east-1", 16.0),
        ({"region": "us-west-2"}, "us-east-1", 18.0),
    ],
)
def test_how_long_an_instance_takes(
    inputs: dict[str, Any], source_region: str | None, expected: float
) -> None:
    source = replace(node("source", INSTANCE), inputs={"region": source_region})
    instance = node("instance", INSTANCE)
    if source_region:
        instance = node("instance", INSTANCE, replicateSourceDb="source")
    instance = replace(instance, inputs={**instance.inputs, **inputs})
    assert Deployment([source, instance]).took["instance"].typical == expected


def test_a_secondary_and_its_members_take_longer() -> None:
    cluster = node("west", CLUSTER, globalClusterIdentifier="world")
    member = node("member", MEMBER, clusterIdentifier="west")
    took = Deployment([node("world", "aws:rds/globalCluster:GlobalCluster"), cluster, member]).took
    assert (took["west"].typical, took["member"].typical) == (2, 8)


def test_a_cluster_of_three_takes_longer_than_an_empty_one() -> None:
    three = node("three", CLUSTER, dbClusterInstanceClass="db.m6gd.large")
    assert minutes([three]) == 18
    assert Deployment([three]).took["three"].assumed


def test_as_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--time", "--program", str(PROJECT)]) == 0
    out = capsys.readouterr().out
    assert "dev: 32.2 minutes expected (24 to 48), 1.00 times what AWS forces (32.2);" in out
    lines = [line.split() for line in out.splitlines()]
    assert ["mysql-instance", "0.4", "13.8", "11.8", "to", "17"] in lines
    assert "first member of a cluster becomes its writer" in out
    assert "a mistake" not in out


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--time", "--json", "--stack", "prod", "--program", str(PROJECT)]) == 0
    found = json.loads(capsys.readouterr().out)
    # The goal has two decimals: log groups and their key take seconds.
    assert round(found["ratio"], 2) == 1.0
    assert [each["name"] for each in found["chain"]][-1] == "orders-replica-west-instance"
    assert found["chain"][-1]["ends_at"] == found["minutes"]["typical"]
