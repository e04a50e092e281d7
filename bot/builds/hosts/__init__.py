"""Searching a build for the hosts that it names."""
