"""A local subset of Pulumi's engine: runs a program in process where there is no Pulumi CLI.

Not covered: aliases, imports and `.get()`, stack references, engine-side transforms, targets,
explicit providers, encrypted config values.
"""
