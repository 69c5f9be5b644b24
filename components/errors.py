"""What a component cannot build: AWS would refuse it, and only the account could tell."""

from __future__ import annotations


class ComponentError(Exception):
    """A person can act on it: the text names the place in the config and what to do."""
