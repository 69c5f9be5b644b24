"""All rules, and what they say of a stack."""

from __future__ import annotations

import re

from policy import access, availability, copied, hosts, sizing, watching
from policy.findings import Finding, Level, Rule
from policy.resources import Registered

RULES: tuple[Rule, ...] = (
    Rule(
        "multi-az",
        "A production database outlives a zone",
        "mistake 1: Not enabling Multi-AZ for production",
        availability.one_zone,
    ),
    Rule(
        "security-groups",
        "A database lets in one's own network, through its own group",
        "mistake 2: Inadequate security group configuration",
        access.inadequate_groups,
    ),
    Rule(
        "backups",
        "What is lost can be restored",
        "mistake 3: Poor backup and recovery planning",
        availability.no_backups,
    ),
    Rule(
        "backup-copies",
        "What a region loses can be restored in another",
        "mistake 3: Poor backup and recovery planning",
        copied.uncopied,
    ),
    Rule(
        "monitoring",
        "Somebody is told, and can look into it",
        "mistake 4: Not monitoring performance metrics",
        watching.unwatched,
    ),
    Rule(
        "replica-lag",
        "A copy that falls behind is noticed",
        "mistake 5: Ignoring read replica lag",
        watching.unwatched_lag,
    ),
    Rule(
        "over-provisioning",
        "Nothing is larger than what is measured",
        "mistake 6: Over-provisioning resources",
        sizing.over_provisioned,
    ),
    Rule(
        "connection-pooling",
        "Connections are pooled",
        "mistake 7: Not using connection pooling",
        sizing.no_pool,
    ),
    Rule(
        "connection-pooling-of-each",
        "Connections to each database are pooled",
        "mistake 7: Not using connection pooling",
        sizing.unpooled,
        # Clients may have a pool of their own, which nobody sees from here.
        always_advisory=True,
    ),
    Rule(
        "encryption",
        "Rows are encrypted where they lie and where they travel",
        "security: Encryption at rest using KMS, in transit with SSL/TLS",
        access.unencrypted,
    ),
    Rule(
        "log-encryption",
        "Logs are encrypted with one's own key",
        "security: Encryption at rest using KMS",
        access.unencrypted_logs,
    ),
    Rule(
        "public-access",
        "No database has a public address",
        "practice 1: Public access: No",
        access.public,
    ),
    Rule(
        "client-host",
        "Nobody connects to the host that connects to the databases",
        "security: VPC security groups for network access",
        hosts.exposed,
    ),
    Rule(
        "iam-authentication",
        "A workload can enter without a password that lasts",
        "security: IAM database authentication",
        access.passwords_only,
    ),
    Rule(
        "plaintext-secrets",
        "No password can be read",
        "security: Least privilege principle",
        access.plaintext,
    ),
    Rule(
        "deletion-protection",
        "No single call deletes a production database",
        "mistake 3: Poor backup and recovery planning",
        availability.unprotected,
    ),
)


def is_production(stack: str) -> bool:
    """Whether a stack's name says so: ``prod``, ``production``, ``prod-eu``, ``shop-prod``."""
    return re.search(r"(?:\A|[-_.])prod(?:uction)?(?:\Z|[-_.])", stack) is not None


def level(rule: Rule, stack: str) -> Level:
    """Mandatory in production, advisory everywhere else."""
    held = is_production(stack) and not rule.always_advisory
    return "mandatory" if held else "advisory"


def judge(stack: str, registered: Registered) -> list[Finding]:
    """Every finding, mandatory ones first, by rule and then in the program's order."""
    found = [
        Finding(
            rule=rule.id,
            course=rule.course,
            level=level(rule, stack),
            resource=resource.name,
            type=resource.type,
            urn=resource.urn,
            problem=problem,
            change=change,
        )
        for rule in RULES
        for resource, problem, change in rule.look(registered)
    ]
    return sorted(found, key=lambda each: each.level != "mandatory")
