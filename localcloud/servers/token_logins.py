"""What this machine's servers cannot do about logins by a token, as a deployment says it."""

from __future__ import annotations

from localcloud.servers import mariadb_logins, postgres_parameters


def lacking() -> dict[str, str]:
    """Reasons by family of engines; nothing when tokens are checked."""
    reasons = {
        "mysql-tokens": mariadb_logins.why_not(),
        "postgresql-tokens": postgres_parameters.why_no_tokens(),
    }
    return {
        family: f"logins by a token are not checked here: {reason}"
        for family, reason in reasons.items()
        if reason is not None
    }
