"""`python -m policy`: the rules over a stack. Run as a folder, by Pulumi: the CrossGuard pack."""

from __future__ import annotations

import sys
from pathlib import Path

if __package__:
    from policy.cli import main

    sys.exit(main())

# `pulumi preview --policy-pack policy` runs this folder as a program of its own.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from policy.crossguard import publish

publish()
