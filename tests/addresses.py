"""Loopback addresses for tests that run beside each other, one range a pytest-xdist worker."""

from __future__ import annotations

import os


def prefix(first: int) -> str:
    """``127.N`` with ``first`` as N of the first worker; the others are ten further each."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"127.{first + 10 * int(worker)}"
