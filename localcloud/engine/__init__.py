"""A local subset of Pulumi's engine: runs a program in process where there is no Pulumi CLI.

Not covered, and refused in plain words: aliases, imports and `.get()`, stack references,
transforms, hooks, explicit providers, the options `retain_on_delete`, `replace_on_changes` and
`replace_with`, files as inputs, encrypted config values. There are no targets.
"""
