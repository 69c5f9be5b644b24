"""Machines beside the databases: nobody connects to one, and it takes its sessions itself."""

from __future__ import annotations

from collections.abc import Iterator

from policy.access import INGRESS
from policy.findings import Found
from policy.resources import HOST, Registered, Resource

_LOGINS = {22: "SSH", 3389: "RDP"}


def exposed(stack: Registered) -> Iterator[Found]:
    """Hosts that can be called, logged in to by a key, asked for their role, or read on a disk."""
    for each in stack.of(HOST):
        yield from _host(each)
    for each in stack.of(*INGRESS):
        first, last = (each.props.get(prop) for prop in ("fromPort", "toPort"))
        # A rule of every port has none, and is found by another rule.
        if not isinstance(first, int | float) or not isinstance(last, int | float):
            continue
        for port, what in _LOGINS.items():
            if first <= port <= last and each.props.get("type", "ingress") == "ingress":
                yield (
                    each,
                    f"lets {what} in",
                    "leave it out: a session of Systems Manager needs no inbound rule",
                )


def _host(each: Resource) -> Iterator[Found]:
    if each.has("associatePublicIpAddress"):
        yield each, "has a public address", "set client_host.address: private"
    if each.has("keyName"):
        yield each, "is logged in to by a key", "leave key_name out: sessions need none"
    metadata = each.props.get("metadataOptions") or {}
    if metadata.get("httpTokens") != "required":
        yield (
            each,
            "gives its role away without a token (IMDSv1)",
            "set metadata_options.http_tokens: required",
        )
    volume = each.props.get("rootBlockDevice") or {}
    if not volume.get("encrypted"):
        yield each, "is not encrypted at rest", "set root_block_device.encrypted and a key of yours"
    elif not volume.get("kmsKeyId"):
        yield each, "is encrypted with AWS's key", "set root_block_device.kms_key_id"
