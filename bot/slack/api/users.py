"""Who somebody is, asked of Slack: a member, a guest, somebody of another organisation, an app."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.people import Person
from bot.core.ports import Clock
from bot.errors import Unidentified, slack_code
from bot.slack.api.coalescing_cache import CoalescingCache
from bot.slack.api.identity import Identity

logger = logging.getLogger(__name__)

KEEP_S = 300.0
"""How long it is kept who somebody is."""
ANSWER_S = 1.5
"""So long an answer is waited for: Slack wants an event acknowledged within 3 seconds."""
ASKED_AT_ONCE = 50
"""About so many people Slack is asked at a time."""

_UNKNOWN = {"user_not_found", "user_not_visible", "users_not_found", "bot_not_found"}
_DAY_S = 86_400


class SlackPeople:
    """What ``users.info`` says of people and apps, kept for some minutes.

    Slack is asked once for all who want to know of somebody at the same time. Who waits gives up after
    ``ANSWER_S``; the asking goes on, rate limits waited out, so that the next one to want it finds it.
    """

    def __init__(self, client: AsyncWebClient, identity: Identity, clock: Clock) -> None:
        self._client = client
        self._identity = identity
        self._kept = CoalescingCache(self._ask, clock, keep_s=KEEP_S)

    async def person(self, user: str) -> Person:
        """Return who that is; see ``People.person``."""
        if self._kept.asking >= ASKED_AT_ONCE and self._kept.peek(user) is None:
            raise Unidentified(detail="too many people are being asked about")
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._kept.get(user)
        except TimeoutError as error:
            raise Unidentified(detail="users.info takes its time") from error
        except Unidentified as error:
            logger.warning("Slack does not say who somebody is: %s", error)
            raise

    async def close(self) -> None:
        """Give up what is being asked."""
        await self._kept.close()

    async def _ask(self, user: str) -> Person:
        """Ask Slack.

        Source: https://docs.slack.dev/reference/methods/users.info, https://docs.slack.dev/reference/methods/bots.info
        """
        try:
            if user.startswith("B"):
                bot = (await self._client.bots_info(bot=user)).get("bot")
                of = bot.get("user_id") if isinstance(bot, Mapping) else None
                if not isinstance(of, str) or not of:  # such as an incoming webhook of this workspace
                    gone = not isinstance(bot, Mapping) or bot.get("deleted") is True
                    return Person(active=not gone)
                user = of
            found = (await self._client.users_info(user=user)).get("user")
        except SlackApiError as error:
            code = slack_code(error)
            if code in _UNKNOWN:
                return Person(active=False, external=True)
            raise Unidentified(detail=f"users.info said {code}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unidentified(detail=f"users.info failed: {type(error).__name__}") from error
        if not isinstance(found, Mapping):
            raise Unidentified(detail="users.info told of nobody")
        return Person(
            active=found.get("deleted") is not True,
            guest=bool(found.get("is_restricted") or found.get("is_ultra_restricted")),
            external=self._is_external(found),
            timezone=_zone(found),
        )

    def _is_external(self, found: Mapping[str, Any]) -> bool:
        """Tell whether somebody is of another organisation; whoever is not surely of ours is.

        Source: https://docs.slack.dev/apis/slack-connect, https://docs.slack.dev/enterprise
        """
        if found.get("is_stranger"):
            return True
        enterprise = found.get("enterprise_user")
        of = enterprise.get("enterprise_id") if isinstance(enterprise, Mapping) else None
        ours = {self._identity.team_id, self._identity.enterprise_id} - {""}
        return found.get("team_id") not in ours and (not of or of != self._identity.enterprise_id)


def _zone(found: Mapping[str, Any]) -> tzinfo:
    """Return a person's time zone, UTC where Slack does not say."""
    try:
        return ZoneInfo(str(found.get("tz") or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        offset = found.get("tz_offset")
        known = isinstance(offset, int) and abs(offset) < _DAY_S
        return timezone(timedelta(seconds=offset)) if known and isinstance(offset, int) else UTC
