"""`python -m tests.scan`: what established scanners say of a stack, against what we accept."""
