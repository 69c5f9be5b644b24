"""The process that moves rows: a full load, then the source's binary log, into another database.

It is started by the daemon and outlives it. What it is to do is in ``orders.json`` of its folder,
how far it is in ``progress.json``; where it goes on after a kill is on the target, in the same
transaction as the rows.
"""
