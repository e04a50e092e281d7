"""Posting messages and keeping them up to date."""
