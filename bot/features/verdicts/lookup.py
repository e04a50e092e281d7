"""What people ask about verdicts: of a scan, of a build by its SHA-256, or of any file by its MD5."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from bot.core import identifiers
from bot.core.access import Access, viewer_of
from bot.core.people import Viewer
from bot.core.ports import Clock, Workspace
from bot.errors import AppscanError, Maintenance, NotFound, Refused, TryLater, UsageError
from bot.features.hosts.lookup import ask_again
from bot.features.submission.card import Card
from bot.features.submission.card_repository import Cards
from bot.features.verdicts.models import ASKED, HashAnswer, NoAnswer, ReportStatus, VerdictState, verdicts_of
from bot.features.verdicts.ports import VerdictStore
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.features.verdicts.side_scanner import SideScanner

T = TypeVar("T")

logger = logging.getLogger(__name__)

ANSWER_S: Final = 60.0
"""Timeout for an answer to a person."""
KEPT_S: Final = {ReportStatus.IN_PROGRESS: 600.0}
"""How long the answer is kept if there is no verdict yet."""
UNKNOWN_KEPT_S: Final = 86_400.0
"""The same for a file that is not known."""

USAGE: Final = "Say the number of a scan, the SHA-256 of a build that was scanned here, or a file's MD5."
SHA1: Final = "That is a SHA-1. Give the file's MD5, or the SHA-256 of a build that was scanned here."
UNKNOWN_SHA256: Final = (
    "{vendors} was asked about no build with that SHA-256 that you can see. Give the file's MD5 instead: "
    "{vendors} knows files by that."
)
UNASKED: Final = "{vendors} was not asked about scan #{number}. Give the file's MD5 to ask about it now."
UNREAD: Final = (
    "{vendor} was asked about no file with that MD5 that you can see, and can't be asked here: "
    "{missing_login}."
)
USED_UP: Final = "{vendor}'s report quota for today is used up. Ask again tomorrow."
MAINTAINED: Final = "{vendor} is under maintenance. Ask again later."
BUSY: Final = "{vendor} is taking its time. Ask again in a few minutes."

_NUMBER = re.compile(r"#?([0-9]{1,15})")
_HEX = re.compile(r"[0-9a-f]+")
_MD5_DIGITS, _SHA1_DIGITS = 32, 40
_DIGITS = {12, _MD5_DIGITS, _SHA1_DIGITS, 64}
"""How long hashes are; of a SHA-256, replies show the first 12 digits, which name a build as well."""


class VerdictLookup:
    """Answers from the history what a person may see there; else asks the side scanners."""

    def __init__(
        self,
        *,
        store: VerdictStore,
        cards: Cards,
        workspace: Workspace,
        policy: Access,
        scanners: Sequence[SideScanner],
        clock: Clock,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._store = store
        self._cards = cards
        self._workspace = workspace
        self._policy = policy
        self._scanners = scanners
        self._vendors = " or ".join(scanner.profile.vendor for scanner in scanners)
        self._clock = clock
        self._answer_s = answer_s
        self._one_by_one: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        """By scanner and MD5, so that the same is not requested twice at a time."""

    async def ask(self, user: str, channel: str, typed: str) -> Card | list[HashAnswer | NoAnswer]:
        """Return the card of a scan with its verdicts, or what each side scanner says of a file.

        A private scan of the same file that the person may not see is not revealed: the scanners are asked.

        Raises:
            UsageError: it is no number, MD5 or SHA-256.
            NotFound: there is no such scan that this person may see, or nothing was asked about it.
            NotAllowed, Unidentified: as of any command.
            TryLater, Refused: no scanner can be asked now; the sentence says what to do.
        """
        person = await self._policy.admit(user, channel)
        word = identifiers.unwrapped(typed).strip("`'\"“”‘’ \t").lower()
        viewer = await viewer_of(self._workspace, user, person, channel)
        if number := _NUMBER.fullmatch(word):
            return await self._of_scan(int(number[1]), viewer)
        if not _HEX.fullmatch(word) or len(word) not in _DIGITS:
            raise UsageError(USAGE)
        if len(word) == _SHA1_DIGITS:
            raise UsageError(SHA1)
        if len(word) != _MD5_DIGITS:
            known = await self._store.asked_verdicts.scan_of(viewer, sha256=word)
            if known is None:
                raise NotFound(UNKNOWN_SHA256.format(vendors=self._vendors))
            return await self._asked_card(known)
        known = await self._store.asked_verdicts.scan_of(viewer, md5=word)
        if known is not None:
            card = await self._cards.card(known)
            if any(each.verdict.state in {VerdictState.KNOWN, *ASKED} for each in verdicts_of(card)):
                return card
        return await self._of_md5(word)

    async def _of_scan(self, number: int, viewer: Viewer) -> Card:
        scan = None
        with contextlib.suppress(NotFound):
            scan = await self._store.scans.scan(number)
        if scan is None or not await self._store.scans.sees(viewer, scan):
            raise NotFound(
                "There is no scan with that number that you can see. `/appscan history` lists the scans that "
                "you can."
            )
        return await self._asked_card(number)

    async def _asked_card(self, number: int) -> Card:
        card = await self._cards.card(number)
        if not verdicts_of(card):
            raise NotFound(UNASKED.format(vendors=self._vendors, number=number))
        return card

    async def _of_md5(self, md5: str) -> list[HashAnswer | NoAnswer]:
        """Return what each scanner says; raise only if none says anything."""
        asked = (self._answer(scanner, md5) for scanner in self._scanners)
        said = await asyncio.gather(*asked, return_exceptions=True)
        is_answered = any(isinstance(each, HashAnswer) for each in said)
        answers: list[HashAnswer | NoAnswer] = []
        for scanner, each in zip(self._scanners, said, strict=True):
            if isinstance(each, HashAnswer):
                answers.append(each)
            elif not isinstance(each, AppscanError) or not is_answered:
                raise each
            elif not isinstance(each, NotFound):
                answers.append(NoAnswer(scanner=scanner.profile, problem=each.user_message))
        return answers

    async def _answer(self, scanner: SideScanner, md5: str) -> HashAnswer:
        profile = scanner.profile
        lock = self._one_by_one.setdefault((scanner.name, md5), asyncio.Lock())
        try:
            async with asyncio.timeout(self._answer_s), lock:
                answer = await self._store.asked_verdicts.answer(profile, md5)
                if answer is None or not self._holds(answer):
                    answer = await self._now(scanner, md5)
        except TimeoutError as error:
            raise TryLater(profile.fill(BUSY)) from error
        return replace(answer, sends=scanner.submissions is not None)

    async def _now(self, scanner: SideScanner, md5: str) -> HashAnswer:
        """Request the report, which counts against the quota, and keep the answer."""
        profile, reports = scanner.profile, scanner.reports
        if reports is None:
            raise NotFound(profile.fill(UNREAD))
        left = min((quota.unused for quota in await _told(profile, reports.quota())), default=None)
        if left == 0:
            raise TryLater(profile.fill(USED_UP))
        report = await _told(profile, reports.report(md5, full=True))
        at = self._clock.now()
        await self._store.asked_verdicts.keep(profile, md5, report, at)
        return HashAnswer(
            scanner=profile, md5=md5, at=at, report=report, left=left - 1 if left is not None else None
        )

    def _holds(self, answer: HashAnswer) -> bool:
        """Return whether an answer still holds: a verdict forever, others for a while."""
        if answer.report.verdict is not None:
            return True
        kept_s = KEPT_S.get(answer.report.status, UNKNOWN_KEPT_S)
        return self._clock.now() - answer.at < kept_s


async def _told(profile: ScannerProfile, asking: Awaitable[T]) -> T:
    """Return the answer of a scanner; if it fails for now, say when to ask again."""
    try:
        return await asking
    except Maintenance as error:
        raise TryLater(profile.fill(MAINTAINED)) from error
    except TryLater as error:
        told = f"{error.user_message} {ask_again(error.retry_after_s)}"
        raise TryLater(told, detail=str(error)) from error
    except Refused as error:
        logger.warning("%s gives no report: %s", profile.vendor, error)
        raise
