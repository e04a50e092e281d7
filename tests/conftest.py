"""What all tests share: Hypothesis draws the same examples each time, and machines may be slow.

Nothing outside is to be reached, so no authority is trusted but those that a test makes: else each
bot would read the machine's whole list of them, which takes longer than all the rest of its start.
``nobody.pem`` is an authority whose key was thrown away: httpx takes no empty list.
"""

import logging
import os
from pathlib import Path

import hypothesis
import pytest

os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("nobody.pem"))

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    """Log at INFO, and show of failed tests no more: to write out all that libraries say takes long.

    The option ``log_level`` would do so before each test, and undo what fixtures set that look at DEBUG.
    """
    logging.getLogger().setLevel(logging.INFO)
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    if plugin is not None:
        for handler in (plugin.caplog_handler, plugin.report_handler):
            handler.setLevel(logging.INFO)
