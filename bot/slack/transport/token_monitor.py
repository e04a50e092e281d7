"""Checks that Slack still accepts the bot's token: an app is not notified when it is removed."""

import asyncio
import logging
from dataclasses import dataclass, field

from slack_sdk.web.async_client import AsyncWebClient

from bot.core.scheduler import Job
from bot.errors import SLACK_REFUSALS, ShutOut, slack_code
from bot.slack.api.errors import CALL_ERRORS, error_name

logger = logging.getLogger(__name__)

CHECK_INTERVAL_S = 300.0


@dataclass(eq=False, repr=False)
class TokenMonitor:
    """Checks the token at regular intervals."""

    client: AsyncWebClient
    shut_out: asyncio.Future[ShutOut] = field(init=False, default_factory=asyncio.Future)
    """Has a result once Slack has rejected the token."""

    @property
    def good(self) -> bool:
        """Whether the token has not been rejected."""
        return not self.shut_out.done()

    @property
    def job(self) -> Job:
        """Checks the token; the first check is after an interval, as Slack has just accepted it."""
        name = "check of the Slack token"
        return Job(name=name, run=self._check, interval_s=CHECK_INTERVAL_S, starts_at_once=False)

    async def _check(self) -> None:
        if not self.good:
            return
        try:
            await self.client.auth_test()
        except CALL_ERRORS as error:
            code = slack_code(error)
            if code not in SLACK_REFUSALS:
                logger.info("could not check the bot's token: %s", error_name(error))
                return
            refused = (
                f"Slack refuses SLACK_BOT_TOKEN ({code}). Install the app again at api.slack.com/apps, under "
                "Install App, and start the bot with the token shown there."
            )
            self.shut_out.set_result(ShutOut(refused, detail=str(code)))
