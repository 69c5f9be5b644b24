"""`python -m tests.scan`: what an established scanner says of a stack, against what we accept."""
