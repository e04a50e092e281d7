"""Killing the bot again and again while people share builds, and looking at what became of them.

``python -m tests.acceptance.kills`` is the long run; ``tests/acceptance/test_kills.py`` a short one.
"""
