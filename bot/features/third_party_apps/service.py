"""Asking for third-party apps: within the policy, what is known for a day, and told later what takes one.

What Zscaler takes for analysis is asked for again a day later, and again after that; whoever asked meanwhile
is told once, when there is an answer or none is to be hoped for.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

from bot.core.access import Access
from bot.core.ports import Clock
from bot.errors import NotFound, Refused, SubmissionError, TryLater
from bot.features.third_party_apps.app_ref import app_ref, by_client_id
from bot.features.third_party_apps.models import (
    AppAnswer,
    AppAnswerSender,
    AppLookup,
    AppLookupAnswer,
    AppLookupState,
    AppQuestion,
    AppRef,
    RefKind,
    ThirdPartyAppsApi,
)
from bot.features.third_party_apps.repository import AppLookupRepository

logger = logging.getLogger(__name__)

DAY_S: Final = 86_400.0
FRESH_S: Final = DAY_S
"""For how long an answer is told again without asking."""
AGAIN_S: Final = DAY_S
"""How long after an app was taken for analysis it is asked for again, as the API's reference has it."""
FOLLOWED_S: Final = 7 * DAY_S
"""An analysis that has not ended by then is given up."""
GIVEN_UP_S: Final = 14 * DAY_S
"""So is one that could not be asked for all the while."""
PUT_OFF_S: Final = 3600.0
"""How soon it is tried again where it could not be asked for."""
REFUSED_S: Final = 6 * 3600.0
"""The same where somebody has to mend something first."""
TELL_TRIES: Final = 8
A_TURN: Final = 10
"""Looks, and people to be told, that are taken at once."""
LOW: Final = 5
LOW_SHARE: Final = 0.1
"""Calls left today are told of where they are this few, or this share of the most that were ever left."""

_DAYS_LIMIT: Final = 409
_LIMITS: Final = frozenset({_DAYS_LIMIT, 429})
_GONE: Final = "What was known of that app is not kept any more: ask for it again."


class ThirdPartyApps:
    """Answers, follows and tells; ``wake`` lets ``turn`` be taken soon."""

    def __init__(
        self,
        *,
        api: ThirdPartyAppsApi,
        looks: AppLookupRepository,
        teller: AppAnswerSender,
        policy: Access,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._api = api
        self._looks = looks
        self._teller = teller
        self._policy = policy
        self._clock = clock
        self._wake = wake
        self._locks: WeakValueDictionary[AppRef, asyncio.Lock] = WeakValueDictionary()
        self._most_left = 0
        self.remaining: int | None = None
        """Calls that were left when it was last told; ``None`` where it was not yet."""

    async def ask(self, user: str, channel: str, text: str) -> AppAnswer:
        """Tell somebody of an app, or note that they want to be told.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
            UsageError: ``text`` names no app.
            NotFound: Zscaler knows no such app.
            Refused, TryLater: it can't be asked, or not now.
        """
        await self._policy.admit(user, channel)
        ref = app_ref(text)
        async with self._lock(ref):
            now = self._clock.now()
            known = await self._looks.known(ref, since=now - FRESH_S)
            if known is not None:
                return AppAnswer(look=known, cached=True)
            analysed = await self._looks.analysing(ref)
            if analysed is not None and analysed.due_at > now:
                joined = await self._looks.take(ref, user=user, channel=channel, due_at=analysed.due_at)
                return AppAnswer(look=joined)
            told = await self._told(ref)
            low = self._low(told.remaining)
            if told.app is None:
                taken = await self._looks.take(ref, user=user, channel=channel, due_at=now + AGAIN_S)
                return AppAnswer(look=taken, remaining=low)
            look = await self._looks.answered(ref, told.app, told=user)
            self._wake()  # others may wait for it as well
            return AppAnswer(look=look, remaining=low)

    async def look(self, user: str, channel: str, number: int) -> AppLookup:
        """Return a look that was told before.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
            NotFound: it is not kept any more.
        """
        await self._policy.admit(user, channel)
        look = await self._looks.look(number)
        if look is None or look.app is None:
            raise NotFound(_GONE)
        return look

    async def turn(self) -> float | None:
        """Ask again for what is due, and tell who waits; return when more is due."""
        for look in await self._looks.due(A_TURN):
            if not await self._again(look):
                break
        for ask in await self._looks.to_tell(A_TURN):
            await self._tell(ask)
        return await self._looks.next_due_at()

    async def _again(self, look: AppLookup) -> bool:
        """Ask for one app again; tell whether others may be asked for as well."""
        async with self._lock(look.ref):
            now = self._clock.now()
            current = await self._looks.look(look.number)
            if current is None or current.state is not AppLookupState.ANALYSING or current.due_at > now:
                return True  # somebody was faster
            try:
                told = await self._told(look.ref)
            except NotFound:
                await self._looks.end(look.number, AppLookupState.UNKNOWN)
            except SubmissionError as error:
                return await self._failed(look, error)
            else:
                if told.app is not None:
                    await self._looks.answered(look.ref, told.app)
                elif now >= look.began_at + FOLLOWED_S:
                    await self._looks.end(look.number, AppLookupState.GIVEN_UP)
                else:
                    await self._looks.reschedule([look.number], now + AGAIN_S)
            return True

    async def _failed(self, look: AppLookup, error: SubmissionError) -> bool:
        """Keep that an app could not be asked for."""
        now = self._clock.now()
        logger.info("a third-party app could not be asked for again: %s", error)
        if now >= look.began_at + GIVEN_UP_S:
            await self._looks.end(look.number, AppLookupState.GIVEN_UP)
            return True
        wait_s = REFUSED_S if isinstance(error, Refused) else PUT_OFF_S
        if isinstance(error, TryLater):
            wait_s = max(wait_s, error.retry_after_s or 0.0)
        if error.status not in _LIMITS:
            await self._looks.reschedule([look.number], now + wait_s)
            return True
        # The limit is everybody's: what else is due waits as well.
        await self._looks.reschedule([each.number for each in await self._looks.due()], now + wait_s)
        return False

    async def _tell(self, ask: AppQuestion) -> None:
        wait_s = await self._teller.tell(ask)
        if wait_s is None or ask.tries + 1 >= TELL_TRIES:
            await self._looks.told(ask.number)
        else:
            await self._looks.tell_later(ask.number, self._clock.now() + wait_s)

    async def _told(self, ref: AppRef) -> AppLookupAnswer:
        """Ask, and where a link is not known, for the client ID in it."""
        try:
            return await self._answer(ref)
        except NotFound:
            named = by_client_id(ref)
            if named is None:
                raise
        return await self._answer(named)

    async def _answer(self, ref: AppRef) -> AppLookupAnswer:
        is_url = ref.kind is RefKind.URL
        try:
            told = await (self._api.app(url=ref.value) if is_url else self._api.app(app_id=ref.value))
        except SubmissionError as error:
            if isinstance(error, Refused):  # which somebody has to mend
                logger.warning("Zscaler tells of no third-party app: %s", error)
            elif error.status == _DAYS_LIMIT:
                self.remaining = 0
            raise
        self.remaining = self.remaining if told.remaining is None else told.remaining
        return told

    def _low(self, remaining: int | None) -> int | None:
        """Return how many calls are left where that is little."""
        if remaining is None:
            return None
        self._most_left = max(self._most_left, remaining)
        return remaining if remaining <= LOW or remaining < LOW_SHARE * self._most_left else None

    def _lock(self, ref: AppRef) -> asyncio.Lock:
        """Return what lets one call at a time be about an app."""
        return self._locks.setdefault(ref, asyncio.Lock())
