"""Logging in to Zscaler's cloud service API."""
