"""Looks up third-party apps: answers are cached for a day, and sent later if an app has to be analysed first.

An app that Zscaler takes for analysis is looked up again every day. Everyone who asked for it meanwhile gets
one message: with the answer, or that there will be none.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

from bot.core.access import Access
from bot.core.ports import Clock
from bot.errors import NotFound, Refused, SubmissionError, TryLater
from bot.features.third_party_apps.app_ref import app_ref, by_client_id
from bot.features.third_party_apps.models import (
    AppAnswer,
    AppLookup,
    AppLookupAnswer,
    AppLookupState,
    AppQuestion,
    AppRef,
    ThirdPartyApp,
    ThirdPartyAppsApi,
)
from bot.features.third_party_apps.repository import AppLookupRepository

logger = logging.getLogger(__name__)

DAY_S: Final = 86_400.0
CACHED_S: Final = DAY_S
ANALYSIS_INTERVAL_S: Final = DAY_S
"""The interval at which an app that is analysed is looked up again, from the API's reference."""
ANALYSIS_TIMEOUT_S: Final = 7 * DAY_S
LOOKUP_TIMEOUT_S: Final = 14 * DAY_S
"""The timeout if all lookups since have failed."""
RETRY_S: Final = 3600.0
"""The wait after a failed lookup."""
REFUSED_RETRY_S: Final = 6 * 3600.0
"""The same after a permanent error, which a person has to fix."""
MAX_TRIES: Final = 8
"""Attempts to send an answer."""
BATCH: Final = 10
"""Lookups, and answers to send, per turn."""
LOW: Final = 5
LOW_SHARE: Final = 0.1
"""The calls left today are shown from this number or share of the most that were ever left."""

_DAILY_LIMIT: Final = 409
_LIMITS: Final = frozenset({_DAILY_LIMIT, 429})
_GONE: Final = "That answer is no longer stored: ask again with `/appscan governance`."


@dataclass(kw_only=True, eq=False, repr=False)
class ThirdPartyApps:
    """Answers questions about apps, and follows analyses; ``wake`` makes ``turn`` run soon.

    What people call raises ``NotAllowed`` if the allow-lists say no, ``Unidentified`` if Slack can't identify
    the person.
    """

    api: ThirdPartyAppsApi
    lookups: AppLookupRepository
    send: Callable[[AppQuestion], Awaitable[float | None]]
    """Sends an answer; returns the seconds until a retry, ``None`` if it is sent or can't be."""
    policy: Access
    clock: Clock
    wake: Callable[[], None]
    remaining: int | None = field(init=False, default=None)
    """Number of calls left today, as the API last said; ``None`` before it has."""
    _most_remaining: int = field(init=False, default=0)
    _locks: WeakValueDictionary[AppRef, asyncio.Lock] = field(init=False, default_factory=WeakValueDictionary)
    """So that there is one call about an app at a time."""

    async def ask(self, user: str, channel: str, text: str) -> AppAnswer:
        """Return what is known about an app, or note that the person waits for its analysis.

        Raises:
            UsageError: ``text`` identifies no app.
            NotFound: Zscaler knows no such app.
            Refused, TryLater: the API can't be asked, or not now.
        """
        await self.policy.admit(user, channel)
        ref = app_ref(text)
        add_question = partial(self.lookups.add_question, ref, user=user, channel=channel)
        async with self._locks.setdefault(ref, asyncio.Lock()):
            now = self.clock.now()
            known = await self.lookups.known(ref, since=now - CACHED_S)
            if known is not None:
                return AppAnswer(lookup=known, cached=True)
            analysing = await self.lookups.analysing(ref)
            if analysing is not None and analysing.due_at > now:
                return AppAnswer(lookup=await add_question(due_at=analysing.due_at))
            answer = await self._look_up(ref)
            if answer.app is not None:
                lookup = await self.lookups.answered(ref, answer.app, user=user)
                self.wake()  # others may be waiting for it too
            else:
                lookup = await add_question(due_at=now + ANALYSIS_INTERVAL_S)
            return AppAnswer(lookup=lookup, remaining=self._low(answer.remaining))

    async def app(self, user: str, channel: str, number: int) -> ThirdPartyApp:
        """Return the app of a lookup that has an answer.

        Raises:
            NotFound: it is no longer stored.
        """
        await self.policy.admit(user, channel)
        lookup = await self.lookups.lookup(number)
        if lookup is None or lookup.app is None:
            raise NotFound(_GONE)
        return lookup.app

    async def turn(self) -> float | None:
        """Repeat the due lookups and send the due answers; return when more is due."""
        for lookup in await self.lookups.due(BATCH):
            if not await self._repeat(lookup):
                break
        for question in await self.lookups.due_questions(BATCH):
            wait_s = await self.send(question)
            if wait_s is None or question.tries + 1 >= MAX_TRIES:
                await self.lookups.remove_question(question.number)
            else:
                await self.lookups.retry_question(question.number, self.clock.now() + wait_s)
        return await self.lookups.next_due_at()

    async def _repeat(self, lookup: AppLookup) -> bool:
        """Look up one app again; return whether others may be looked up too."""
        async with self._locks.setdefault(lookup.ref, asyncio.Lock()):
            now = self.clock.now()
            current = await self.lookups.lookup(lookup.number)
            if current is None or current.state is not AppLookupState.ANALYSING or current.due_at > now:
                return True  # a person's question was faster
            try:
                answer = await self._look_up(lookup.ref)
            except NotFound:
                await self.lookups.end(lookup.number, AppLookupState.UNKNOWN)
            except SubmissionError as error:
                return await self._failed(lookup, error)
            else:
                if answer.app is not None:
                    await self.lookups.answered(lookup.ref, answer.app)
                elif now >= lookup.began_at + ANALYSIS_TIMEOUT_S:
                    await self.lookups.end(lookup.number, AppLookupState.GIVEN_UP)
                else:
                    await self.lookups.reschedule([lookup.number], now + ANALYSIS_INTERVAL_S)
            return True

    async def _failed(self, lookup: AppLookup, error: SubmissionError) -> bool:
        """Reschedule a failed lookup, and all others if a rate limit was reached; see ``_repeat``."""
        now = self.clock.now()
        logger.info("a third-party app could not be looked up again: %s", error)
        if now >= lookup.began_at + LOOKUP_TIMEOUT_S:
            await self.lookups.end(lookup.number, AppLookupState.GIVEN_UP)
            return True
        wait_s = REFUSED_RETRY_S if isinstance(error, Refused) else RETRY_S
        if isinstance(error, TryLater):
            wait_s = max(wait_s, error.retry_after_s or 0.0)
        is_limited = error.status in _LIMITS
        rescheduled = await self.lookups.due() if is_limited else [lookup]
        await self.lookups.reschedule([each.number for each in rescheduled], now + wait_s)
        return not is_limited

    async def _look_up(self, ref: AppRef) -> AppLookupAnswer:
        """Look up an app; if a link is not known, by the client ID in it."""
        try:
            answer = await self.api.app(**{ref.kind.value: ref.value})
        except NotFound:
            named = by_client_id(ref)
            if named is None:
                raise
            return await self._look_up(named)
        except SubmissionError as error:
            if isinstance(error, Refused):
                logger.warning("Zscaler rejects lookups of third-party apps: %s", error)
            elif error.status == _DAILY_LIMIT:
                self.remaining = 0
            raise
        if answer.remaining is not None:
            self.remaining = answer.remaining
        return answer

    def _low(self, remaining: int | None) -> int | None:
        """Return the number of calls left if it is low."""
        if remaining is None:
            return None
        self._most_remaining = max(self._most_remaining, remaining)
        is_low = remaining <= LOW or remaining < LOW_SHARE * self._most_remaining
        return remaining if is_low else None
