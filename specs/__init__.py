"""What a stack's config may say: one frozen model a topology, checked before any resource."""
