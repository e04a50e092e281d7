"""Rescans that wait for the next build."""
