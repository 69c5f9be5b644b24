"""`python -m verify.lag`: how far behind its source every copy is, beside what CloudWatch says."""

from __future__ import annotations

import sys

from verify.cli import main

if __name__ == "__main__":
    sys.exit(main(exercises=("lag",)))
