"""Databases made of servers: one instance, a cluster, a replication group."""
