"""The rules between topologies: who may name whom."""

from __future__ import annotations

from collections.abc import Mapping

from specs.migration import Migration
from specs.parts import Described
from specs.problems import Problem, did_you_mean
from specs.read_replica import LONGEST_CHAIN, MOST_REPLICAS, ReadReplica
from specs.regions import region_of


def check_references(found: Mapping[str, Described], named: frozenset[str]) -> list[Problem]:
    """Whatever names another names one that is there, that fits, and that is not built on it."""
    problems = []
    for name, topology in found.items():
        for key, wanted in topology.references.items():
            at = f"topologies.{name}.{key}"
            other = found.get(wanted)
            if other is None and wanted not in named:
                fit = [n for n, t in found.items() if n != name and not topology.objection(key, t)]
                text = f"{wanted!r} is no database of this stack{did_you_mean(wanted, fit)}"
                problems.append(Problem(at, text))
            elif other is not None and (objection := topology.objection(key, other)):
                problems.append(Problem(at, f"{wanted!r} {objection}"))
            elif _leads_back(name, wanted, found):
                problems.append(
                    Problem(at, f"{wanted!r} is itself built on {name!r}; name another")
                )
    return problems


def _leads_back(name: str, start: str, found: Mapping[str, Described]) -> bool:
    seen, open_ = set(), [start]
    while open_:
        here = open_.pop()
        if here == name:
            return True
        if here not in seen and here in found:
            seen.add(here)
            open_ += found[here].references.values()
    return False


def check_replicas(found: Mapping[str, Described]) -> list[Problem]:
    """No database has more replicas than RDS allows."""
    counts: dict[str, int] = {}
    problems = []
    for name, topology in found.items():
        if isinstance(topology, ReadReplica) and topology.follows is not None:
            counts[topology.source] = counts.get(topology.source, 0) + 1
            if counts[topology.source] == MOST_REPLICAS + 1:
                text = f"has more than {MOST_REPLICAS} replicas; leave this one out"
                at = f"topologies.{name}.source"
                problems.append(Problem(at, f"{topology.source!r} {text}"))
    return problems


def check_neighbours(found: Mapping[str, Described], region: str) -> list[Problem]:
    """What must be in one region is."""
    problems = []
    for name, topology in found.items():
        home = region_of(name, found, region)
        for key in sorted(topology.neighbours):
            other = topology.references[key]
            if other in found and (away := region_of(other, found, region)) != home:
                text = f"{other!r} stands in {away} and not in {home}; name one of that region"
                problems.append(Problem(f"topologies.{name}.{key}", text))
    return problems


def check_account_wide(found: Mapping[str, Described]) -> list[Problem]:
    """What there is once in an account is said alike everywhere."""
    # What there is once is made once: a stack's migrations share it.
    migrations = {name: t for name, t in found.items() if isinstance(t, Migration)}
    return [
        Problem(
            f"topologies.{name}.{key}",
            f"is {getattr(migration, key)} and that of {first!r} is not; write the same in both",
        )
        for first, other in list(migrations.items())[:1]
        for name, migration in migrations.items()
        for key in ("account_roles", "secrets_endpoint")
        if getattr(migration, key) != getattr(other, key)
    ]


def check_chains(found: Mapping[str, Described]) -> list[Problem]:
    """No chain of replicas is longer than RDS allows."""
    problems = []
    for name in found:
        length = _replicas_up_to(name, found)
        if length == LONGEST_CHAIN + 1:
            text = (
                f"makes a chain of {length} replicas, of which RDS allows {LONGEST_CHAIN}; "
                "let it copy an earlier one"
            )
            problems.append(Problem(f"topologies.{name}.source", text))
    return problems


def _replicas_up_to(name: str, found: Mapping[str, Described]) -> int:
    """How many replicas there are from the first one of a chain to this one."""
    seen: set[str] = set()
    here = found.get(name)
    while isinstance(here, ReadReplica) and here.follows is not None and here.source not in seen:
        seen.add(here.source)
        here = found.get(here.source)
    return len(seen)
