"""Who the bot is in its workspace, asked once."""

import logging
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.ports import Clock
from bot.errors import SLACK_TROUBLE, slack_code, slack_wait_s

logger = logging.getLogger(__name__)

AGAIN_S = 5.0
"""The wait between two questions while Slack is in trouble."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What ``auth.test`` said."""

    user_id: str
    bot_id: str
    team_id: str
    team: str
    enterprise_id: str
    """Of the Enterprise Grid organisation; empty where there is none."""
    url: str
    """Of the workspace, with a trailing slash."""
    scopes: frozenset[str]

    @classmethod
    async def ask(cls, client: AsyncWebClient) -> "Identity":
        """Ask Slack who the token is.

        Raises:
            SlackApiError: the token is not good, or Slack does not say whose it is.

        Source: https://docs.slack.dev/reference/methods/auth.test
        """
        answer = await client.auth_test()
        if not (answer.get("user_id") and answer.get("team_id")):
            raise SlackApiError("auth.test does not say who the bot is", answer)  # type: ignore[no-untyped-call]
        return cls(
            user_id=str(answer["user_id"]),
            bot_id=str(answer.get("bot_id") or ""),
            team_id=str(answer["team_id"]),
            team=str(answer.get("team") or ""),
            enterprise_id=str(answer.get("enterprise_id") or ""),
            url=str(answer.get("url") or "https://slack.com/"),
            scopes=frozenset(
                scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",")
            ),
        )

    @classmethod
    async def ask_until_told(cls, client: AsyncWebClient, clock: Clock) -> "Identity":
        """Ask Slack who the token is, again and again while Slack is in trouble or can't be reached.

        Raises:
            SlackApiError: the token is not good.
        """
        while True:
            wait_s = AGAIN_S
            try:
                return await cls.ask(client)
            except SlackApiError as error:
                if (asked_s := slack_wait_s(error)) is None and slack_code(error) not in SLACK_TROUBLE:
                    raise
                wait_s = max(wait_s, asked_s or 0.0)
                logger.warning("Slack is in trouble (%s); trying again in %d s", slack_code(error), wait_s)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                logger.warning("Slack can't be reached (%s); trying again", type(error).__name__)
            await clock.sleep(wait_s)

    def authorize(self, token: str) -> Any:
        """Return Bolt's ``authorize``, which so needs no call of its own for each event."""

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=enterprise_id,
                team_id=team_id or self.team_id,
                bot_token=token,
                bot_id=self.bot_id,
                bot_user_id=self.user_id,
            )

        return authorize

    def permalink(self, channel: str, message_ts: str, thread_ts: str | None = None) -> str:
        """Return the address of a message, as Slack's own "Copy link" gives it."""
        link = f"{self.url}archives/{channel}/p{message_ts.replace('.', '')}"
        return f"{link}?thread_ts={thread_ts}&cid={channel}" if thread_ts not in {None, message_ts} else link
