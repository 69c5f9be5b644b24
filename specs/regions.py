"""Where everything of a stack stands, and what must hold from region to region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from specs.aurora import AuroraCluster
from specs.backup_copies import LONGEST_VAULT, MOST_A_REGION, copy_of, vault_names
from specs.global_database import GlobalDatabase
from specs.multi_az import ABSENT_FROM, MEMBERS, MultiAzCluster
from specs.parts import Described
from specs.problems import Problem

_PARTITIONS = ("us-gov-", "us-iso", "eu-isoe-", "cn-")
"""Beginnings of regions that are no part of the AWS most people mean."""


@dataclass(frozen=True)
class Standing:
    """A topology, or what of one stands in another region: its path in the config, its region."""

    path: str
    region: str
    what: Described


def standings(topologies: Mapping[str, Described], default: str) -> Iterator[Standing]:
    """Everything that stands somewhere, in the order of the topologies."""
    for name, topology in topologies.items():
        at = f"topologies.{name}"
        yield Standing(at, region_of(name, topologies, default), topology)
        for key, part in topology.elsewhere.items():
            assert part.region is not None
            yield Standing(f"{at}.{key}", part.region, part)


def region_of(name: str, topologies: Mapping[str, Described], default: str) -> str:
    """The region of a topology: its own, that of what it builds on, the stack's."""
    seen: set[str] = set()
    while name in topologies and name not in seen:
        topology = topologies[name]
        if topology.region is not None:
            return topology.region
        seen.add(name)
        name = next(iter(topology.references.values()), "")
    return default


def check_identifiers(found: Mapping[str, Described], default: str) -> list[Problem]:
    """Identifiers that two have: in a region, or in all of them where AWS wants that."""
    taken: dict[tuple[str, str, str], str] = {}
    problems = []
    for standing in standings(found, default):
        for space, key, identifier in standing.what.claims:
            path = f"{standing.path}.{key}"
            home = "the account" if space == "global cluster" else standing.region
            first = taken.setdefault((space, home, identifier), path)
            if first != path:
                problems.append(
                    Problem(path, f"{identifier!r} is {first} in {home}, too; rename one of them")
                )
    return problems + _check_clusters(found, default)


def _check_clusters(found: Mapping[str, Described], default: str) -> list[Problem]:
    # The clusters of a global database are called otherwise than any cluster of any region.
    worldwide = {f"topologies.{n}" for n, t in found.items() if isinstance(t, GlobalDatabase)}
    first: dict[str, tuple[str, Standing]] = {}
    problems = []
    for standing in standings(found, default):
        for space, key, identifier in standing.what.claims:
            if space != "cluster":
                continue
            path = f"{standing.path}.{key}"
            other, there = first.setdefault(identifier, (path, standing))
            apart = there.region != standing.region
            if apart and {_topology(other), _topology(path)} & worldwide:
                text = (
                    f"{identifier!r} is {other} in {there.region}, too, and a cluster of a global "
                    "database needs a name that no region has; rename one of them"
                )
                problems.append(Problem(path, text))
    return problems


def _topology(path: str) -> str:
    return ".".join(path.split(".")[:2])


def check_secondaries(found: Mapping[str, Described], default: str) -> list[Problem]:
    """Secondaries that stand where their primary does."""
    return [
        Problem(
            f"topologies.{name}.{key}.region",
            f"{part.region} is the primary's, too, and a region has one cluster of a global "
            "database; choose another region",
        )
        for name, topology in found.items()
        for key, part in topology.elsewhere.items()
        if part.region == region_of(name, found, default)
    ]


def check_offered(found: Mapping[str, Described], default: str) -> list[Problem]:
    """Topologies in a region that does not have them."""
    return [
        Problem(
            f"{standing.path}.region",
            f"{standing.region} has no Multi-AZ DB clusters; choose another region",
        )
        for standing in standings(found, default)
        if isinstance(standing.what, MultiAzCluster) and standing.region in ABSENT_FROM
    ]


def check_zones(
    found: Mapping[str, Described], default: str, zones: tuple[str, ...] | None
) -> list[Problem]:
    """Too few zones, and members outside of them, an InvalidVPCNetworkStateFault."""
    if zones is None:
        return []
    few = [
        Problem(
            f"{standing.path}.kind",
            f"needs {MEMBERS} zones and network.zones has {len(zones)}; add one there",
        )
        for standing in standings(found, default)
        if isinstance(standing.what, MultiAzCluster) and len(zones) < MEMBERS
    ]
    return few + [
        Problem(
            f"{standing.path}.{key}",
            f"{zone!r} is not one of network.zones; choose {', '.join(zones)}",
        )
        for standing in standings(found, default)
        for key, zone in standing.what.placed.items()
        if zone not in zones
    ]


def check_copies(found: Mapping[str, Described], default: str) -> list[Problem]:
    """Copies that lead nowhere, or that AWS refuses."""
    problems = []
    instances: dict[str, int] = {}
    for name, topology in found.items():
        copy, home = copy_of(topology), region_of(name, found, default)
        if copy is None:
            continue
        at = f"topologies.{name}.backups.copy_to"
        if copy.region == home:
            text = f"{home} is where the database stands, and a copy there dies with it; "
            problems.append(Problem(f"{at}.region", f"{text}choose another region"))
        elif _partition(copy.region) != _partition(home):
            text = f"{copy.region} is another partition of AWS than {home}, and nothing is copied "
            problems.append(
                Problem(f"{at}.region", f"{text}between them; choose one beside {home}")
            )
        if isinstance(topology, AuroraCluster):
            longest = max(vault_names(topology.cluster_identifier, home), key=len)
            if len(longest) > LONGEST_VAULT:
                text = f"needs a vault called {longest!r}, over {LONGEST_VAULT} characters; "
                problems.append(Problem(at, f"{text}shorten the cluster's identifier"))
            continue
        instances[copy.region] = instances.get(copy.region, 0) + 1
        if instances[copy.region] == MOST_A_REGION + 1:
            text = f"{copy.region} would have more than {MOST_A_REGION} copies, RDS's limit for "
            problems.append(Problem(f"{at}.region", f"{text}an account; choose another region"))
    return problems


def _partition(region: str) -> str:
    special = (p for p in _PARTITIONS if region.startswith(p))
    return next(special, "")
