"""How the program fails: one clear error, and nothing half-created."""

from __future__ import annotations

import copy
from typing import Any

import pulumi
import pytest

from tests import recorder
from tests.recorder import Recording
from tests.stacks.run_program import dev_config, run_dev


def failed(config: dict[str, Any]) -> tuple[str, Recording]:
    """What the person reads, and what was registered until then."""
    into = Recording()
    with pytest.raises(pulumi.RunError) as error:
        run_dev(config, into=into)
    return str(error.value), into


def dev_with(topology: str, **changes: Any) -> dict[str, Any]:
    config = copy.deepcopy(dev_config())
    config["aws-databases:topologies"][topology] |= changes
    return config


@pytest.mark.parametrize(
    ("config", "lines"),
    [
        (
            dev_with("mysql", multi_az=True),
            ["topologies.mysql.multi_az: is not a key here"],
        ),
        (
            dev_with("aurora", **{"class": "db.t3.small"}),
            ["topologies.aurora.class: Aurora MySQL refuses 'db.t3.small'; the smallest"],
        ),
        (
            dev_with("mysql-replica", source="msql"),
            ["topologies.mysql-replica.source: 'msql' is no database of this stack; did you mean"],
        ),
        (
            dev_with("mysql", **{"class": "micro"}) | {"aws:region": "home"},
            ["aws:region: 'home' is no region", "topologies.mysql.class: 'micro' is no instance"],
        ),
        (
            {"aws:region": "us-east-1"},
            ["topologies: is empty; add a database, such as mysql"],
        ),
        (
            dev_config() | {"aws-databases:network": {"allowed_cidrs": ["0.0.0.0/0"]}},
            ["network.allowed_cidrs.0: '0.0.0.0/0' is the whole internet"],
        ),
    ],
    ids=["key", "class", "source", "two problems", "nothing", "open"],
)
def test_a_config_that_cannot_be_registers_nothing(
    config: dict[str, Any], lines: list[str]
) -> None:
    text, recording = failed(config)
    assert text.startswith(f"{len(lines)} problem{'s' if len(lines) > 1 else ''} in the stack's")
    for line in lines:
        assert f"\n  {line}" in text
    assert recording.resources == []
    assert recording.outputs == {}


def made(recording: Recording) -> set[str]:
    return {resource.name for resource in recording.resources if resource.custom}


def test_a_zone_that_the_account_lacks_leaves_no_half_made_database() -> None:
    # The mysql instance and the cluster were on their way when the third member asked.
    readers = [
        {"identifier": "myapp-aurora-reader-1", "zone": "b"},
        {"identifier": "myapp-aurora-reader-2", "zone": "e"},
    ]
    text, recording = failed(dev_with("aurora", readers=readers))
    assert text == (
        "topologies.aurora.readers.1.zone: zone us-east-1e has no default subnet that databases "
        "can use; choose a, b, c, d, f"
    )
    assert made(recording) == {"network-us-east-1-clients", "network-us-west-2-clients"}


def test_a_region_without_a_default_vpc_leaves_no_half_made_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(recorder.ZONES, "us-west-2", "")
    text, recording = failed(dev_config())
    assert text.startswith("network: us-west-2 has no default VPC, or it has no default subnet")
    assert made(recording) == {"network-us-east-1-clients"}


def test_what_the_config_does_not_ask_for_is_not_made() -> None:
    config = dev_config()
    topologies = config["aws-databases:topologies"]
    config["aws-databases:topologies"] = {"redis": topologies["redis"]}
    del config["aws-databases:client_host"]
    recording = run_dev(config)
    # No second region, no client host, and no role for a monitoring that nobody has.
    shared = {r.name for r in recording.resources if r.parent == "aws-databases-dev"}
    assert shared == {"network-us-east-1", "key-us-east-1", "redis", "dashboard"}


def test_a_replica_may_stand_before_its_source_in_the_config() -> None:
    config = dev_config()
    topologies = config["aws-databases:topologies"]
    config["aws-databases:topologies"] = dict(reversed(topologies.items()))
    recording = run_dev(config)
    asked = recording.named("mysql-replica-instance").inputs
    assert asked["replicateSourceDb"] == "myapp-mysql-db"
    assert recording.outputs["databases"].keys() == topologies.keys()
