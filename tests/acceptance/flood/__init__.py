"""A flood: hundreds of builds within a minute, and people who type commands meanwhile.

``run`` is the machinery, ``python -m tests.acceptance.flood`` the long version.
"""
