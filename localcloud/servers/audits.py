"""What this machine's servers cannot do about audit logs, as a deployment says it."""

from __future__ import annotations

from localcloud.servers import mariadb_audit, postgres_parameters


def lacking() -> dict[str, str]:
    """Reasons by family of engines; nothing when all of them audit."""
    reasons = {
        "mysql-audit": mariadb_audit.why_not(),
        "postgresql-audit": postgres_parameters.why_no_audit(),
    }
    return {
        family: f"nobody audits here: {reason}"
        for family, reason in reasons.items()
        if reason is not None
    }
