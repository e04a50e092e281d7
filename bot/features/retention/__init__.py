"""Removing old scans, people and uploaded builds."""
