"""The bot's identity in its workspace."""

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

RETRY_S = 5.0
"""Between attempts while Slack is down."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The result of ``auth.test``."""

    user_id: str
    bot_id: str
    team_id: str
    team: str
    enterprise_id: str
    """Of the Enterprise Grid organisation; empty without one."""
    url: str
    """Of the workspace, with a trailing slash."""
    scopes: frozenset[str]

    @property
    def own_ids(self) -> set[str]:
        """The IDs by which messages name the bot as their author."""
        return {self.user_id, self.bot_id} - {""}

    @classmethod
    async def ask(cls, client: AsyncWebClient) -> "Identity":
        """Fetch the identity that the token belongs to.

        Raises:
            SlackApiError: the token is invalid, or the response is incomplete.

        Source: https://docs.slack.dev/reference/methods/auth.test
        """
        answer = await client.auth_test()
        if not (answer.get("user_id") and answer.get("team_id")):
            raise SlackApiError("auth.test did not return the bot's identity", answer)  # type: ignore[no-untyped-call]
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
    async def ask_with_retries(cls, client: AsyncWebClient, clock: Clock) -> "Identity":
        """Fetch the identity, retrying while Slack is down or can't be reached.

        Raises:
            SlackApiError: the token is invalid.
        """
        while True:
            wait_s = RETRY_S
            try:
                return await cls.ask(client)
            except SlackApiError as error:
                if (requested_s := slack_wait_s(error)) is None and slack_code(error) not in SLACK_TROUBLE:
                    raise
                wait_s = max(wait_s, requested_s or 0.0)
                logger.warning("Slack is unavailable (%s); retrying in %d s", slack_code(error), wait_s)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                logger.warning("Slack can't be reached (%s); retrying", type(error).__name__)
            await clock.sleep(wait_s)

    def authorize(self, token: str) -> Any:
        """Return an ``authorize`` for Bolt, which would otherwise call ``auth.test`` itself."""

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
        """Return the URL of a message, the same as Slack's "Copy link"."""
        link = f"{self.url}archives/{channel}/p{message_ts.replace('.', '')}"
        return f"{link}?thread_ts={thread_ts}&cid={channel}" if thread_ts not in {None, message_ts} else link
