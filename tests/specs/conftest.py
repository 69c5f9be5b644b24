"""Property tests of the config, on machines that are busy with something else as well."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("specs", deadline=None)
settings.load_profile("specs")
