"""Scanning from a shell or a pipeline."""
