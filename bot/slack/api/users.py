"""Looking up people and apps in Slack: whether they are members, guests or of another organisation."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slack_sdk.web.async_client import AsyncWebClient

from bot.core.people import Person
from bot.core.ports import Clock
from bot.errors import Unidentified, slack_code
from bot.slack.api.coalescing_cache import CoalescingCache
from bot.slack.api.errors import CALL_ERRORS, error_name
from bot.slack.api.identity import Identity

logger = logging.getLogger(__name__)

KEEP_S = 300.0
TIMEOUT_S = 1.5
"""Of a lookup: Slack wants an event acknowledged within 3 seconds."""
MAX_CONCURRENT = 50
"""Lookups at a time, approximately."""

_UNKNOWN = {"user_not_found", "user_not_visible", "users_not_found", "bot_not_found"}
_DAY_S = 86_400


class SlackPeople:
    """Looks up people and apps with ``users.info``, and keeps the results for some minutes.

    A lookup times out after ``TIMEOUT_S``, but the request continues through rate limits, so that the next
    lookup finds its result.
    """

    def __init__(self, client: AsyncWebClient, identity: Identity, clock: Clock) -> None:
        self._client = client
        self._identity = identity
        self._people = CoalescingCache(self._fetch, clock, keep_s=KEEP_S)

    async def person(self, user: str) -> Person:
        """Look up a person or app; see ``People.person``."""
        if self._people.fetching >= MAX_CONCURRENT and self._people.peek(user) is None:
            raise Unidentified(detail="too many lookups at a time")
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._people.get(user)
        except TimeoutError as error:
            raise Unidentified(detail="users.info timed out") from error
        except Unidentified as error:
            logger.warning("could not look up a person in Slack: %s", error)
            raise

    async def close(self) -> None:
        """Cancel requests in progress."""
        await self._people.close()

    async def _fetch(self, user: str) -> Person:
        """Fetch a person or app.

        Source: https://docs.slack.dev/reference/methods/users.info and .../methods/bots.info
        """
        try:
            if user.startswith("B"):
                bot = (await self._client.bots_info(bot=user)).get("bot")
                bot_user = bot.get("user_id") if isinstance(bot, Mapping) else None
                if not isinstance(bot_user, str) or not bot_user:  # such as a webhook of this workspace
                    return Person(active=isinstance(bot, Mapping) and bot.get("deleted") is not True)
                user = bot_user
            profile = (await self._client.users_info(user=user)).get("user")
        except CALL_ERRORS as error:
            if slack_code(error) in _UNKNOWN:
                return Person(active=False, external=True)
            raise Unidentified(detail=f"users.info failed: {error_name(error)}") from error
        if not isinstance(profile, Mapping):
            raise Unidentified(detail="users.info returned no user")
        return Person(
            active=profile.get("deleted") is not True,
            guest=bool(profile.get("is_restricted") or profile.get("is_ultra_restricted")),
            external=self._is_external(profile),
            timezone=_zone(profile),
        )

    def _is_external(self, profile: Mapping[str, Any]) -> bool:
        """Return whether a person is of another organisation; so is everyone not certainly of ours.

        Source: https://docs.slack.dev/apis/slack-connect, https://docs.slack.dev/enterprise
        """
        if profile.get("is_stranger"):
            return True
        enterprise = profile.get("enterprise_user")
        enterprise_id = enterprise.get("enterprise_id") if isinstance(enterprise, Mapping) else None
        ours = {self._identity.team_id, self._identity.enterprise_id} - {""}
        is_colleague = enterprise_id and enterprise_id == self._identity.enterprise_id
        return profile.get("team_id") not in ours and not is_colleague


def _zone(profile: Mapping[str, Any]) -> tzinfo:
    """Return a person's time zone; UTC if it is unknown."""
    try:
        return ZoneInfo(str(profile.get("tz") or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        offset = profile.get("tz_offset")
        if isinstance(offset, int) and abs(offset) < _DAY_S:
            return timezone(timedelta(seconds=offset))
        return UTC
