"""`python -m stacks explain --time`: how long a deployment takes, and who waits for whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from stacks.dry_run import Registration
from stacks.makespan import Deployment
from stacks.tables import show

SOURCE = "logs of real deployments collected in November 2026; nothing here was measured on AWS"


def print_time(stack: str, registered: Sequence[Registration]) -> None:
    """For people."""
    found = Deployment(registered)
    show(
        f"the longest chain of {stack}",
        ["resource", "starts at min", "takes min", "least to most", ""],
        [
            (
                each.name,
                f"{found.finish[each.urn] - found.took[each.urn].typical:.1f}",
                f"{found.took[each.urn].typical:.1f}",
                f"{found.took[each.urn].least:g} to {found.took[each.urn].most:g}",
                "assumed" if found.took[each.urn].assumed else "",
            )
            for each in found.chain
        ],
    )
    print()
    show(
        "waits that AWS does not force",
        ["waits", "for", "min", "reason"],
        [
            (_name(each.edge.after), _name(each.edge.before), f"{each.minutes:.1f}",
             each.reason or "none: a mistake")
            for each in found.delays
        ],
    )  # fmt: skip
    print()
    print(summary(stack, registered))


def summary(stack: str, registered: Sequence[Registration]) -> str:
    """The expected minutes, and how many times longer than they must be."""
    least, typical, most = (Deployment(registered, which) for which in (0, 1, 2))
    steps = sum(took.typical for took in typical.took.values())
    return (
        f"{stack}: {typical.makespan:.1f} minutes expected ({least.makespan:.0f} to "
        f"{most.makespan:.0f}), {typical.ratio:.2f} times what AWS forces "
        f"({typical.forced_makespan:.1f}); one after the other it would be {steps:.0f}\n"
        f"times: {SOURCE}"
    )


def time_as_json(stack: str, registered: Sequence[Registration]) -> str:
    """For programs."""
    least, typical, most = (Deployment(registered, which) for which in (0, 1, 2))
    chain: list[dict[str, Any]] = [
        {
            "name": each.name,
            "type": each.type,
            "minutes": typical.took[each.urn].typical,
            "ends_at": round(typical.finish[each.urn], 2),
            "assumed": typical.took[each.urn].assumed,
        }
        for each in typical.chain
    ]
    delays = [
        {
            "waits": _name(each.edge.after),
            "for": _name(each.edge.before),
            "through": each.edge.through,
            "minutes": round(each.minutes, 2),
            "reason": each.reason,
        }
        for each in typical.delays
    ]
    return json.dumps(
        {
            "stack": stack,
            "minutes": {
                "least": round(least.makespan, 2),
                "typical": round(typical.makespan, 2),
                "most": round(most.makespan, 2),
                "forced": round(typical.forced_makespan, 2),
            },
            "ratio": round(typical.ratio, 3),
            "chain": chain,
            "delays": delays,
            "source": SOURCE,
        },
        indent=1,
    )


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
