"""``python -m bot check``: what works, what doesn't, and what to do about it."""
