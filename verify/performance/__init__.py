"""Practice 6: the course's performance test, measured, compared and diagnosed.

`python -m verify.performance` runs it on its own. It works in a database of its own name and
drops it at the end.
"""
