"""What all tests share: Hypothesis draws the same examples each time, and machines may be slow."""

import hypothesis

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")
