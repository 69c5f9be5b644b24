"""From a stack's config to its components and its outputs."""
