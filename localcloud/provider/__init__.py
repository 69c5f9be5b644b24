"""Pulumi's provider protocol over the AWS API, as a table of resource types."""
