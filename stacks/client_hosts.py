"""The client hosts of a stack: one a region, for no route leads from one default VPC to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

import pulumi

from components.client_host import ClientHost, ClientHostArgs
from components.global_database import GlobalDatabase
from components.keys import RegionKey
from components.network import Network
from components.security_group import DatabaseSecurityGroup
from specs.topologies import Stack


@runtime_checkable
class _Behind(Protocol):
    """Who stands behind a door of its own."""

    security_group: DatabaseSecurityGroup


def client_hosts(
    stack: Stack,
    networks: Mapping[str, Network],
    keys: Mapping[str, RegionKey],
    built: Mapping[str, pulumi.ComponentResource],
) -> dict[str, ClientHost]:
    """By region; none where the config asks for none."""
    if stack.client_host is None:
        return {}
    doors: dict[str, dict[str, DatabaseSecurityGroup]] = {region: {} for region in networks}
    for name in stack.topologies:
        for region, door in _doors(built[name], stack.region_of(name)):
            doors[region][name] = door
    return {
        region: ClientHost(
            f"client-host-{region}",
            ClientHostArgs(stack.client_host, network, keys[region], doors[region]),
        )
        for region, network in networks.items()
    }


def _doors(
    topology: pulumi.ComponentResource, region: str
) -> Iterator[tuple[str, DatabaseSecurityGroup]]:
    # A migration has none: nobody connects to it.
    if isinstance(topology, _Behind):
        yield region, topology.security_group
    if isinstance(topology, GlobalDatabase):
        for where, secondary in topology.secondaries.items():
            yield where, secondary.security_group
