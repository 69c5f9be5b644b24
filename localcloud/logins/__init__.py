"""Logins by a token of IAM: servers ask a desk in the daemon whether a token is good.

MariaDB and PostgreSQL ask by an LDAP bind, which needs nothing of the machine: no PAM service
file, no right of root's, and no limit on a token's length (PAM has one of 512 bytes).
"""
