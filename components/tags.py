"""The tags of every resource."""

from __future__ import annotations

import pulumi


def tags(name: str) -> dict[str, str]:
    """``name`` as the console shows it, and where the resource comes from."""
    return {"Name": name, "Project": pulumi.get_project(), "Stack": pulumi.get_stack()}
