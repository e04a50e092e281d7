"""Scanners: the outside systems that scan builds."""
