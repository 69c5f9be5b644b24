from __future__ import annotations

import pytest

from tests.recorder import Recording
from tests.stacks.recorded import NAMES, recorded


@pytest.fixture(params=NAMES)
def recording(request: pytest.FixtureRequest) -> Recording:
    """One stack after the other."""
    return recorded(request.param)
