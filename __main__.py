"""The Pulumi program: a stack's config becomes components, their facts its outputs."""

from stacks.program import run

run()
