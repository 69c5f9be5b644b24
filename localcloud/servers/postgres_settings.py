"""What every PostgreSQL server here is started with, on its command line, which wins."""

from __future__ import annotations

from collections.abc import Mapping

SMALL = {
    # Fits a dozen servers on a laptop; what AWS would give is a matter of its instance classes.
    "shared_buffers": "8MB",
    "wal_buffers": "256kB",
    "max_wal_size": "64MB",
    "min_wal_size": "16MB",
    "autovacuum_max_workers": "1",
    "max_logical_replication_workers": "0",
    "huge_pages": "off",
    "jit": "off",
}
REPLICABLE = {
    "wal_level": "replica",
    "hot_standby": "on",
    "max_wal_senders": "20",
    "max_replication_slots": "20",
    # A slot that nobody comes back to must not fill the disk.
    "max_slot_wal_keep_size": "1GB",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "200ms",
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
}
DURABLE = {
    # In the kernel's hands at commit: survives a SIGKILL, not a power cut. Pages may still be
    # torn by a kill in the middle of a write, so full_page_writes stays on.
    "fsync": "off",
    "full_page_writes": "on",
}
LIKE_RDS = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "default_text_search_config": "pg_catalog.english",
    "logging_collector": "off",
    "log_destination": "stderr",
    # When, from where, who, in which database: what readers of RDS's log look for.
    "log_line_prefix": "%t:%r:%u@%d:[%p]:",
}
OURS = {**SMALL, **REPLICABLE, **DURABLE, **LIKE_RDS}


def flags(settings: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a command line that set ``settings``."""
    return tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
