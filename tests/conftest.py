"""What a test's environment has."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _authorities(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For programs under mocks, a bundle of CAs that nobody reads in; others have real ones."""
    if "stacks" in request.path.parts:
        bundle = tmp_path_factory.getbasetemp() / "authorities.pem"
        bundle.write_text("-----BEGIN CERTIFICATE-----\n")
        monkeypatch.setenv("DATABASES_CA_FILE", str(bundle))
