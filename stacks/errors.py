"""What can go wrong beside the config, one sentence each."""

from __future__ import annotations


class StackError(Exception):
    """Base of every error a person can act on."""


class NoPrices(StackError):
    """AWS's price list does not answer."""
