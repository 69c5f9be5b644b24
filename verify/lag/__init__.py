"""How far behind its source every replica, reader and secondary is, at rest and under load.

`python -m verify.lag` measures it on its own. It works in a database, or with keys, of its own
name and drops them at the end.
"""
