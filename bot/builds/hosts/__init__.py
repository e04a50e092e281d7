"""Searching a build for the hosts it names."""
