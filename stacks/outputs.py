"""The stack's outputs: connection facts, alarms, whom the databases let in, and through whom."""

from __future__ import annotations

import pulumi

from stacks.build import Built


def export(built: Built) -> None:
    """Export the output contract, ``databases``, ``alarms`` and ``client_hosts``.

    ``client_security_groups`` are, by region, for clients to wear.
    """
    pulumi.export("databases", {name: each.facts for name, each in built.topologies.items()})
    pulumi.export("alarms", {name: list(each.facts) for name, each in built.alarms.items()})
    pulumi.export(
        "client_security_groups",
        {region: network.client_security_group for region, network in built.networks.items()},
    )
    pulumi.export("client_hosts", {where: host.facts for where, host in built.client_hosts.items()})
