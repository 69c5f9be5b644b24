"""What a database stands in: subnets, security groups and keys, read from moto's own backends.

Read-only. A reference to something that does not exist is refused as AWS refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.kms import kms_backends

from localcloud.api import ApiError
from localcloud.moto_ec2 import ec2_backends
from localcloud.site import ACCOUNT_ID


@dataclass(frozen=True)
class SubnetFacts:
    """One subnet as RDS and ElastiCache report it."""

    identifier: str
    zone: str
    vpc: str


def arn(service: str, region: str, kind: str, name: str) -> str:
    """``arn:aws:<service>:<region>:<account>:<kind>:<name>``."""
    return f"arn:aws:{service}:{region}:{ACCOUNT_ID}:{kind}:{name}"


def name_of(identifier_or_arn: str) -> str:
    """The last part of an ARN; an identifier is its own name. RDS stores names in lower case."""
    return identifier_or_arn.rpartition(":")[2].lower()


def region_of(identifier_or_arn: str, default: str) -> str:
    """The region an ARN names, ``default`` for a bare identifier."""
    parts = identifier_or_arn.split(":")
    return parts[3] if len(parts) > 3 else default


def _ec2(region: str) -> Any:
    return ec2_backends[ACCOUNT_ID][region]


def subnets(region: str, identifiers: list[str]) -> list[SubnetFacts]:
    """The named subnets. Raises ``InvalidSubnet`` for one that is not in ``region``."""
    found = {s.id: s for s in _ec2(region).describe_subnets()}
    missing = [i for i in identifiers if i not in found]
    if missing:
        raise ApiError("InvalidSubnet", f"The requested subnet {missing[0]} is invalid.")
    return [
        SubnetFacts(i, str(found[i].availability_zone), str(found[i].vpc_id)) for i in identifiers
    ]


def default_subnets(region: str) -> list[SubnetFacts]:
    """The subnets of the region's default VPC, by zone."""
    vpc = default_vpc(region)
    found = [s for s in _ec2(region).describe_subnets() if s.vpc_id == vpc]
    facts = [SubnetFacts(str(s.id), str(s.availability_zone), vpc) for s in found]
    return sorted(facts, key=lambda s: s.zone)


def default_vpc(region: str) -> str:
    """Identifier of the default VPC."""
    return str(_ec2(region).default_vpc.id)


def security_groups(region: str, identifiers: list[str] | None, vpc: str) -> list[str]:
    """``identifiers`` if each exists in ``vpc``, or the default group of ``vpc``.

    Raises ``InvalidVPCNetworkStateFault``/``InvalidParameterValue`` as RDS does.
    """
    groups = {g.id: g for g in _ec2(region).describe_security_groups()}
    if not identifiers:
        return [g.id for g in groups.values() if g.vpc_id == vpc and g.name == "default"]
    for identifier in identifiers:
        group = groups.get(identifier)
        if group is None:
            raise ApiError(
                "InvalidParameterValue",
                f"Invalid security group , groupId= {identifier}, groupName=.",
            )
        if group.vpc_id != vpc:
            raise ApiError(
                "InvalidVPCNetworkStateFault",
                f"The DB instance and EC2 security group are in different VPCs. The DB instance "
                f"is in {vpc} and the EC2 security group is in {group.vpc_id}",
            )
    return identifiers


def key_arn(region: str, key: str | None, service: str) -> str:
    """ARN of ``key`` (identifier, ARN or alias) in ``region``; None is the service's own key.

    Raises ``KMSKeyNotAccessibleFault`` when the region has no such key.
    """
    backend = kms_backends[ACCOUNT_ID][region]
    wanted = key or f"alias/aws/{service}"
    if region_of(wanted, region) != region:
        raise ApiError(
            "KMSKeyNotAccessibleFault",
            f"The specified KMS key [{wanted}] does not exist in {region}, is not enabled or you "
            "do not have permissions to access it.",
        )
    try:
        described = backend.describe_key(wanted)
    except Exception as error:
        raise ApiError(
            "KMSKeyNotAccessibleFault",
            f"The specified KMS key [{wanted}] does not exist, is not enabled or you do not have "
            "permissions to access it.",
        ) from error
    return str(described.arn)
