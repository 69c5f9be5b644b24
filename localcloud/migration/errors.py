"""What can go wrong in a migration.

MigrationFailed   it cannot go on; the text is DMS's LastFailureMessage
├── BadMappings   the table mappings cannot be read, or ask for what the worker cannot do
└── Interrupted   a connection broke or a server is away: the run begins again where it was
RowRefused        the target does not take a row
"""

from __future__ import annotations


class MigrationFailed(Exception):
    """It cannot go on."""


class BadMappings(MigrationFailed):
    """The table mappings cannot be read, or ask for what the worker cannot do."""


class Interrupted(MigrationFailed):
    """A connection broke or a server is away."""


class RowRefused(Exception):
    """The target does not take a row."""
