"""The course's common mistakes as rules over a stack's resources: a CrossGuard pack, a command."""
