"""The stack's outputs: connection facts by database, and whom the databases let in."""

from __future__ import annotations

import pulumi

from stacks.build import Built


def export(built: Built) -> None:
    """Export ``databases`` (the output contract) and ``client_security_groups`` by region."""
    pulumi.export("databases", {name: each.facts for name, each in built.topologies.items()})
    pulumi.export(
        "client_security_groups",
        {region: network.client_security_group for region, network in built.networks.items()},
    )
