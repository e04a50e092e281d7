"""Zscaler as an outside system: one file per conversation."""
