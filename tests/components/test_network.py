from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import ComponentError
from components.network import Network, NetworkArgs
from tests import recorder
from tests.components.ground import inputs
from tests.recorder import record


def made(**args: object) -> tuple[Network, recorder.Recording]:
    found: list[Network] = []
    plain = {"region": "us-east-1", **args}
    recording = record(
        lambda: found.append(Network("network", NetworkArgs(**plain)))  # type: ignore[arg-type]
    )
    return found[0], recording


def test_the_default_vpc_and_the_group_that_clients_wear() -> None:
    network, recording = made()
    assert recording.below("network") == {"network-clients": "aws:ec2/securityGroup:SecurityGroup"}
    # No rule: what clients may reach is theirs to say.
    assert inputs(recording, "network-clients") == {
        "region": "us-east-1",
        "vpcId": "vpc-us-east-1",
        "description": "Members may connect to the databases of this stack",
    }
    subnets = {
        # e is use1-az3, which has no proxies and lacks classes.
        "a": "subnet-us-east-1-a",
        "b": "subnet-us-east-1-b",
        "c": "subnet-us-east-1-c",
        "d": "subnet-us-east-1-d",
        "f": "subnet-us-east-1-f",
    }
    assert network.subnets == subnets
    assert recording.registered["network"] == {
        "region": "us-east-1",
        "vpcId": "vpc-us-east-1",
        "subnets": subnets,
        "clientSecurityGroup": "network-clients-id",
    }


def test_only_the_zones_that_the_config_names() -> None:
    network, _ = made(zones=("f", "b"))
    assert network.subnets == {"b": "subnet-us-east-1-b", "f": "subnet-us-east-1-f"}


def test_another_region() -> None:
    network, recording = made(region="us-west-2")
    assert list(network.subnets) == ["a", "b", "c", "d"]
    assert recording.named("network-clients").inputs["vpcId"] == "vpc-us-west-2"
    assert recording.named("network-clients").inputs["region"] == "us-west-2"


@pytest.mark.parametrize(
    ("letters", "zones", "problem"),
    [
        ("", None, "us-east-1 has no default VPC, or it has no default subnet; make one"),
        ("a", None, r"suitable subnets in 1 zone\(s\) \(a\), .* need two; add zones"),
        ("ae", None, r"suitable subnets in 1 zone\(s\) \(a\)"),
        ("abc", ("b", "e"), r"suitable subnets in 1 zone\(s\) \(b\)"),
        ("abc", ("d", "f"), r"suitable subnets in 0 zone\(s\), but"),
    ],
)
def test_fewer_than_two_zones_are_no_subnet_group(
    letters: str, zones: tuple[str, ...] | None, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(recorder.ZONES, "us-east-1", letters)
    with pytest.raises(ComponentError, match=f"^network: .*{problem}"):
        made(zones=zones)


def test_a_zone_name() -> None:
    network, _ = made()
    assert network.zone_name("b", "topologies.aurora.writer.zone") == "us-east-1b"


def test_a_zone_that_the_account_does_not_have() -> None:
    network, _ = made()
    with pytest.raises(
        ComponentError,
        match=r"^topologies\.aurora\.writer\.zone: zone us-east-1e has no default subnet that "
        r"databases can use; choose a, b, c, d, f$",
    ):
        network.zone_name("e", "topologies.aurora.writer.zone")


@pytest.fixture(scope="module")
def network() -> Network:
    return made(zones=("a", "b", "c"))[0]


@given(count=st.integers(1, 90))
def test_nodes_are_spread_as_evenly_as_can_be(network: Network, count: int) -> None:
    zones = network.spread(count)
    assert len(zones) == count
    uses = [zones.count(zone) for zone in ("us-east-1a", "us-east-1b", "us-east-1c")]
    assert sum(uses) == count
    assert max(uses) - min(uses) <= 1
