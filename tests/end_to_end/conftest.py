"""One deployed dev stack for all tests of this folder, on a local cloud of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.workspace import Workspace, workspace
from tests.addresses import prefix


@pytest.fixture(scope="session")
def deployed() -> Iterator[Workspace]:
    with workspace(prefix=prefix(85)) as space:
        space.run("-m", "localcloud", "up")
        yield space
