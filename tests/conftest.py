"""What all tests share: Hypothesis draws the same examples each time, and machines may be slow.

Nothing outside is to be reached, so no authority is trusted but those that a test makes: else each
bot would read the machine's whole list of them, which takes longer than all the rest of its start.
``nobody.pem`` is an authority whose key was thrown away: httpx takes no empty list.
"""

import os
from pathlib import Path

import hypothesis

os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("nobody.pem"))

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")
