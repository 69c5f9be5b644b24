"""What a component stands on, for tests of one component by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.keys import RegionKey, RegionKeyArgs
from components.network import Network, NetworkArgs
from tests.recorder import Recording

EAST_KEY = "arn:aws:kms:us-east-1:123456789012:key/key-us-east-1-key"
WEST_KEY = "arn:aws:kms:us-west-2:123456789012:key/key-us-west-2-key"


@dataclass(frozen=True)
class Ground:
    """A region's network and key."""

    network: Network
    key: RegionKey


def ground(region: str = "us-east-1", *, allowed_cidrs: tuple[str, ...] = ()) -> Ground:
    """Called inside a program: what `stacks` makes for a region."""
    return Ground(
        Network(f"network-{region}", NetworkArgs(region, allowed_cidrs=allowed_cidrs)),
        RegionKey(f"key-{region}", RegionKeyArgs(region)),
    )


def inputs(recording: Recording, name: str) -> dict[str, Any]:
    """What a resource was asked for. Tags are alike everywhere and tested once for all."""
    return {key: value for key, value in recording.named(name).inputs.items() if key != "tags"}
