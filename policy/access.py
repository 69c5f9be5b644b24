"""Who gets in and what can be read: security groups, public access, encryption, secrets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.findings import Found
from policy.resources import (
    CACHE,
    CACHE_CLUSTER,
    CLUSTER,
    INSTANCE,
    MEMBER,
    PROXY,
    REPLICATOR,
    SERVERLESS_CACHE,
    UNKNOWN,
    Registered,
    Resource,
    copies,
)

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = (
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
)
WIDEST_PREFIX = {4: 16, 6: 56}
"""A VPC is no wider than this; whatever is lets in more than one's own network."""
_SECRETS = ("password", "masterPassword", "authToken", "secretString", "passwords")
_SPELT_OUT = re.compile(r"(?i)\b(password|passwd|pwd|auth_?token)\s*[=:]\s*[^\s;,{]")
_GROUPS = {
    INSTANCE: "vpcSecurityGroupIds",
    CLUSTER: "vpcSecurityGroupIds",
    PROXY: "vpcSecurityGroupIds",
    CACHE: "securityGroupIds",
    CACHE_CLUSTER: "securityGroupIds",
    SERVERLESS_CACHE: "securityGroupIds",
}


def inadequate_groups(stack: Registered) -> Iterator[Found]:
    """Databases in the VPC's default group, and doors wider than one's network."""
    for type_, prop in _GROUPS.items():
        for each in stack.of(type_):
            if not each.has(prop):
                yield (
                    each,
                    "is in the VPC's default security group",
                    f"give it one of its own ({prop})",
                )
    for each in stack.of(GROUP):
        for inline in each.props.get("ingress") or ():
            yield from _open(each, inline)
    for each in stack.of(*INGRESS):
        if each.props.get("type", "ingress") == "ingress":
            yield from _open(each, each.props)


def _open(resource: Resource, rule: Mapping[str, Any]) -> Iterator[Found]:
    for prop in ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks"):
        value = rule.get(prop) or ()
        for cidr in (value,) if isinstance(value, str) else value:
            if _wide(cidr):
                yield (
                    resource,
                    f"lets in {cidr}",
                    "name the clients' security group, or a range of your own network",
                )
    protocol = rule.get("ipProtocol", rule.get("protocol"))
    ports = (rule.get("fromPort"), rule.get("toPort"))
    if protocol in ("-1", -1, "all") or ports == (0, 65535):
        yield resource, "opens every port", "open the database's port only"


def _wide(cidr: Any) -> bool:
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        # Not known yet, or nothing that AWS would take.
        return False
    return network.prefixlen < WIDEST_PREFIX[network.version]


def public(stack: Registered) -> Iterator[Found]:
    """Databases with a public address."""
    for each in stack.of(INSTANCE, CLUSTER, MEMBER, REPLICATOR):
        if each.has("publiclyAccessible"):
            yield each, "has a public address", "leave publicly_accessible out"


def unencrypted(stack: Registered) -> Iterator[Found]:
    """Rows that lie or travel in the clear, or under a key that is not one's own."""
    for each in stack.of(INSTANCE, CLUSTER):
        # A replica in the source's region has its encryption and its key.
        if copies(each) and not each.has("kmsKeyId") and not each.has("dbSubnetGroupName"):
            continue
        if not each.has("storageEncrypted"):
            yield each, "is not encrypted at rest", "set storage_encrypted and a key of yours"
        elif not each.has("kmsKeyId"):
            yield each, "is encrypted with AWS's key", "set kms_key_id to a key of yours"
    for each in stack.of(CACHE):
        if not each.has("atRestEncryptionEnabled"):
            yield each, "is not encrypted at rest", "set at_rest_encryption_enabled"
        elif not each.has("kmsKeyId"):
            yield each, "is encrypted with AWS's key", "set kms_key_id to a key of yours"
    for each in stack.of(SERVERLESS_CACHE, "aws:secretsmanager/secret:Secret"):
        if not each.has("kmsKeyId"):
            yield each, "is encrypted with AWS's key", "set kms_key_id to a key of yours"
    yield from _in_the_clear(stack)


_TLS = {
    "mysql": "require_secure_transport",
    "mariadb": "require_secure_transport",
    "aurora-mysql": "require_secure_transport",
    "postgres": "rds.force_ssl",
    "aurora-postgresql": "rds.force_ssl",
}


def _in_the_clear(stack: Registered) -> Iterator[Found]:
    for each in stack.of(CACHE, CACHE_CLUSTER):
        if not each.has("transitEncryptionEnabled"):
            yield each, "takes connections without TLS", "set transit_encryption_enabled"
    for each in stack.of(PROXY):
        if not each.has("requireTls"):
            yield each, "takes connections without TLS", "set require_tls"
    for each in stack.of(
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    ):
        engine = re.sub(r"[0-9.]+\Z", "", str(each.props.get("family", "")))
        wanted = _TLS.get(engine)
        values = {p.get("name"): p.get("value") for p in each.props.get("parameters") or ()}
        if wanted is not None and str(values.get(wanted, "")).lower() not in ("1", "on"):
            yield each, "lets the server take connections without TLS", f"set {wanted} to 1"


_TAKE_TOKENS = frozenset({"mysql", "mariadb", "postgres", "aurora-mysql", "aurora-postgresql"})


def passwords_only(stack: Registered) -> Iterator[Found]:
    """Databases that a workload can enter by nothing but a password that lasts."""
    for each in stack.of(INSTANCE, CLUSTER):
        known = each.props.get("engine") in _TAKE_TOKENS or copies(each)
        if known and not each.has("iamDatabaseAuthenticationEnabled"):
            yield (
                each,
                "takes no tokens of IAM",
                "set iam_database_authentication_enabled (iam_auth: true in a config)",
            )


def unencrypted_logs(stack: Registered) -> Iterator[Found]:
    """Log groups under AWS's key: slow statements have values in them."""
    for each in stack.of("aws:cloudwatch/logGroup:LogGroup"):
        if not each.has("kmsKeyId"):
            yield each, "is encrypted with AWS's key", "set kms_key_id to a key of yours"


def plaintext(stack: Registered) -> Iterator[Found]:
    """Passwords that anybody reads who reads the program, its state or a tag."""
    for each in stack.resources:
        for prop, value in each.props.items():
            if each.secrets is not None and prop in each.secrets:
                continue
            if prop in _SECRETS:
                # Where nobody can tell what is marked, only a spelt out password is one.
                if each.secrets is not None and value and value != UNKNOWN:
                    yield (
                        each,
                        f"has its {prop} in plain text",
                        "let RDS or a random password make it",
                    )
            elif any(_SPELT_OUT.search(text) for text in _texts(value)):
                yield each, f"has a password spelt out in {prop}", "put it in a secret"


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for key, inner in value.items():
                if isinstance(inner, str):
                    yield f"{key}={inner}" if inner else str(key)
                else:
                    yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)
