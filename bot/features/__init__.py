"""Features: one folder each, with all that belongs to it."""
