"""Exercises that connect to what was deployed and prove that it does what the course says.

`python -m verify` runs every exercise that applies to a stack; the modules that `registry`
names, such as `verify.mysql`, run one each. They meet the databases through the stack's outputs,
boto3 and the drivers only.
"""
