"""Failover drills: what clients notice while a database changes its writer, on one time axis."""
