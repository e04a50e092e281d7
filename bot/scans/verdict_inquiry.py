"""What people ask about verdicts: of a scan, of a build by its SHA-256, or of any file by its MD5."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable
from dataclasses import replace
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from bot.errors import Maintenance, NotFound, Refused, TryLater, UsageError
from bot.scans import ids, viewing
from bot.scans.lookups import Viewer
from bot.scans.memory import Store
from bot.scans.models import Card
from bot.scans.policy import Policy
from bot.scans.ports import Clock, Workspace
from bot.scans.records import Cards
from bot.scans.url_inquiry import ask_again
from bot.scans.verdicts import ASKED, HashAnswer, OpinionState, ReportStatus, SandboxReports

T = TypeVar("T")

logger = logging.getLogger(__name__)

ANSWER_S: Final = 60.0
"""How long a person waits for an answer."""
KEPT_S: Final = {ReportStatus.IN_PROGRESS: 600.0}
"""How long it is not asked again for what has no verdict yet."""
UNKNOWN_KEPT_S: Final = 86_400.0
"""The same for what is not known."""

USAGE: Final = "Say the number of a scan, the SHA-256 of a build that was scanned here, or a file's MD5."
SHA1: Final = "That is a SHA-1. Give the file's MD5, or the SHA-256 of a build that was scanned here."
UNKNOWN_SHA256: Final = (
    "Zscaler was asked about no build with that SHA-256 that you can see. Give the file's MD5 instead: "
    "Zscaler knows files by that."
)
UNASKED: Final = "Zscaler was not asked about scan #{number}. Give the file's MD5 to ask about it now."
UNREAD: Final = (
    "Zscaler was asked about no file with that MD5 that you can see, and can't be asked here: no login to "
    "its cloud service API is set up."
)
USED_UP: Final = "Zscaler's reports of today are used up. Ask again tomorrow."
MAINTAINED: Final = "Zscaler is being maintained and can't be asked until that is over. Ask again later."
BUSY: Final = "Zscaler is taking its time. Ask again in a few minutes."

_NUMBER = re.compile(r"#?([0-9]{1,15})")
_HEX = re.compile(r"[0-9a-f]+")
_MD5_DIGITS, _SHA1_DIGITS = 32, 40
_DIGITS = {12, _MD5_DIGITS, _SHA1_DIGITS, 64}
"""How long hashes are; of a SHA-256, replies show the first 12 digits, which name a build as well."""


class VerdictInquiry:
    """Answers from the history what a person may see there; else asks Zscaler, within its quota.

    ``reports`` is ``None`` where no reports can be read; ``sends`` tells whether shared builds are sent.
    """

    def __init__(
        self,
        *,
        store: Store,
        cards: Cards,
        workspace: Workspace,
        policy: Policy,
        reports: SandboxReports | None,
        clock: Clock,
        sends: bool = True,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._store = store
        self._cards = cards
        self._workspace = workspace
        self._policy = policy
        self._reports = reports
        self._clock = clock
        self._sends = sends
        self._answer_s = answer_s
        self._one_by_one: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By MD5, so that nobody asks what another is just asking."""

    async def ask(self, user: str, channel: str, typed: str) -> Card | HashAnswer:
        """Return the card of a scan with its verdict, or what Zscaler says of a file.

        That somebody else's private scan is of the same file is not told: Zscaler is asked then as of any.

        Raises:
            UsageError: it is no number, MD5 or SHA-256.
            NotFound: there is no such scan that this person may see, or nothing was asked about it.
            NotAllowed, Unidentified: as of any command.
            TryLater, Refused: Zscaler can't be asked now; the sentence says what to do.
        """
        person = await self._policy.admit(user, channel)
        word = ids.unwrapped(typed).strip("`'\"“”‘’ \t").lower()
        viewer = await viewing.viewer(self._workspace, user, person, channel)
        if number := _NUMBER.fullmatch(word):
            return await self._of_scan(int(number[1]), viewer)
        if not _HEX.fullmatch(word) or len(word) not in _DIGITS:
            raise UsageError(USAGE)
        if len(word) == _SHA1_DIGITS:
            raise UsageError(SHA1)
        if len(word) != _MD5_DIGITS:
            known = await self._store.asked_verdicts.scan_of(viewer, sha256=word)
            if known is None:
                raise NotFound(UNKNOWN_SHA256)
            return await self._cards.card(known)
        known = await self._store.asked_verdicts.scan_of(viewer, md5=word)
        if known is not None:
            card = await self._cards.card(known)
            if card.opinion is not None and card.opinion.state in {OpinionState.KNOWN, *ASKED}:
                return card
        return replace(await self._of_md5(word), sends=self._sends)

    async def _of_scan(self, number: int, viewer: Viewer) -> Card:
        scan = None
        with contextlib.suppress(NotFound):
            scan = await self._store.scans.scan(number)
        if scan is None or not await self._store.history.sees(viewer, scan):
            raise NotFound(
                "There is no scan with that number that you can see. `/appscan history` lists the scans that "
                "you can."
            )
        card = await self._cards.card(number)
        if card.opinion is None:
            raise NotFound(UNASKED.format(number=number))
        return card

    async def _of_md5(self, md5: str) -> HashAnswer:
        lock = self._one_by_one.setdefault(md5, asyncio.Lock())
        try:
            async with asyncio.timeout(self._answer_s), lock:
                kept = await self._store.asked_verdicts.answer(md5)
                if kept is not None and self._holds(kept):
                    return kept
                return await self._now(md5)
        except TimeoutError as error:
            raise TryLater(BUSY) from error

    async def _now(self, md5: str) -> HashAnswer:
        """Ask Zscaler, which counts on the quota, and keep what it says."""
        if self._reports is None:
            raise NotFound(UNREAD)
        left = min((quota.unused for quota in await _told(self._reports.quota())), default=None)
        if left == 0:
            raise TryLater(USED_UP)
        report = await _told(self._reports.report(md5, full=True))
        at = self._clock.now()
        await self._store.asked_verdicts.keep(md5, report, at)
        return HashAnswer(md5=md5, at=at, report=report, left=left - 1 if left is not None else None)

    def _holds(self, answer: HashAnswer) -> bool:
        """Tell whether it is not asked again: for what has a verdict never, for other files after a while."""
        if answer.report.verdict is not None:
            return True
        kept_s = KEPT_S.get(answer.report.status, UNKNOWN_KEPT_S)
        return self._clock.now() - answer.at < kept_s


async def _told(asking: Awaitable[T]) -> T:
    """Ask Zscaler something, and say when to ask again where it gives no answer now."""
    try:
        return await asking
    except Maintenance as error:
        raise TryLater(MAINTAINED) from error
    except TryLater as error:
        told = f"{error.user_message} {ask_again(error.retry_after_s)}"
        raise TryLater(told, detail=str(error)) from error
    except Refused as error:
        logger.warning("Zscaler gives no report: %s", error)
        raise
