"""How fast the bot writes to Slack: new messages by channel, updates over the whole workspace.

Source: https://docs.slack.dev/apis/web-api/rate-limits
"""

from typing import Final

from bot.core.rate_limit import Limit

POSTS: Final = Limit(calls=1, window_s=1.0, is_bucket=True)
"""Slack takes about one new message a second in a channel."""
UPDATES: Final = Limit(calls=16, window_s=2.0, is_bucket=True)
"""With the burst 46 in any minute; Tier 3 of ``chat.update`` is 50."""
NOTICES: Final = Limit(calls=1, window_s=20.0, is_bucket=True)
"""The other 4 are for notices of queues: those excuse the replies that wait, and can't wait behind them."""
RESERVED: Final = 8
"""Updates of the burst that are kept for final states: progress waits, and is folded together meanwhile."""
