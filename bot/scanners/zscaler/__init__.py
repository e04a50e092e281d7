"""Zscaler: one module a conversation."""
