"""Pulumi's provider protocol over the AWS API: check, diff, create, read, update, delete, invoke.

Plain dicts in Pulumi's names go in and come out. The in-process engine drives it; nothing here
knows of it, so that a `pulumi-resource-aws` plugin can serve the same object.
"""
