"""``/appscan verdict``: of a scan, of a build by its SHA-256, or of any file by its MD5."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from weakref import WeakValueDictionary

from bot.core import identifiers
from bot.core.access import Access
from bot.core.ports import Clock
from bot.errors import AppscanError, NotFound, TryLater, UsageError
from bot.features.hosts.lookup import BUSY, explained
from bot.features.submission.card import Card
from bot.features.submission.ports import CardFor
from bot.features.verdicts.models import ASKED, HashAnswer, NoAnswer, ReportStatus, VerdictState, verdicts_of
from bot.features.verdicts.outcomes import VerdictStore
from bot.features.verdicts.side_scanner import SideScanner

ANSWER_S: Final = 60.0
"""Timeout for an answer to a person."""
IN_PROGRESS_KEPT_S: Final = 600.0
"""How long a report without a verdict yet is cached."""
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

_NUMBER = re.compile(r"#?([0-9]{1,15})")
_HASH = re.compile(r"[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}")
"""An MD5 (32), SHA-1 (40) or SHA-256 (64), or the 12 digits of a SHA-256 that replies show."""
_MD5_DIGITS, _SHA1_DIGITS = 32, 40


@dataclass(kw_only=True, eq=False, repr=False)
class VerdictLookup:
    """Answers from the history what a person may see there; else asks the side scanners."""

    store: VerdictStore
    card_for: CardFor
    access: Access
    scanners: Sequence[SideScanner]
    clock: Clock
    answer_s: float = ANSWER_S
    _locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = field(
        init=False, default_factory=WeakValueDictionary
    )
    """By scanner and MD5, so that concurrent questions share a request."""

    async def ask(self, user: str, channel: str, typed: str) -> Card | list[HashAnswer | NoAnswer]:
        """Return the card of a scan with its verdicts, or what each side scanner says of a file.

        A private scan of the same file that the person may not see is not revealed: the scanners are asked.

        Raises:
            UsageError: it is no number, MD5 or SHA-256.
            NotFound: there is no such scan that this person may see, or nothing was asked about it.
            NotAllowed, Unidentified: as of any command.
            TryLater, Refused: no scanner can be asked now; the sentence says what to do.
        """
        viewer = await self.access.viewer(user, channel)
        word = identifiers.unwrapped(typed).strip("`'\"“”‘’ \t").lower()
        if number := _NUMBER.fullmatch(word):
            return await self._card(user, channel, number[1])
        if not _HASH.fullmatch(word):
            raise UsageError(USAGE)
        if len(word) == _SHA1_DIGITS:
            raise UsageError(SHA1)
        if len(word) != _MD5_DIGITS:
            known = await self.store.verdicts.scan_with(viewer, sha256=word)
            if known is None:
                raise NotFound(UNKNOWN_SHA256.format(vendors=self._vendors))
            return await self._card(user, channel, str(known))
        known = await self.store.verdicts.scan_with(viewer, md5=word)
        if known is not None:
            card, _ = await self.card_for(user, channel, str(known))
            if any(each.verdict.state in {VerdictState.KNOWN, *ASKED} for each in verdicts_of(card)):
                return card
        return await self._of_md5(word)

    @property
    def _vendors(self) -> str:
        return " or ".join(scanner.profile.vendor for scanner in self.scanners)

    async def _card(self, user: str, channel: str, number: str) -> Card:
        card, _ = await self.card_for(user, channel, number)
        if not verdicts_of(card):
            raise NotFound(UNASKED.format(vendors=self._vendors, number=number))
        return card

    async def _of_md5(self, md5: str) -> list[HashAnswer | NoAnswer]:
        """Return each scanner's answer; raise only if all fail."""
        asked = (self._answer(scanner, md5) for scanner in self.scanners)
        results = await asyncio.gather(*asked, return_exceptions=True)
        is_answered = any(isinstance(each, HashAnswer) for each in results)
        answers: list[HashAnswer | NoAnswer] = []
        for scanner, each in zip(self.scanners, results, strict=True):
            if isinstance(each, HashAnswer):
                answers.append(each)
            elif not isinstance(each, AppscanError) or not is_answered:
                raise each
            elif not isinstance(each, NotFound):
                answers.append(NoAnswer(scanner=scanner.profile, problem=each.user_message))
        return answers

    async def _answer(self, scanner: SideScanner, md5: str) -> HashAnswer:
        profile = scanner.profile
        lock = self._locks.setdefault((scanner.name, md5), asyncio.Lock())
        try:
            async with asyncio.timeout(self.answer_s), lock:
                answer = await self.store.verdicts.answer(profile, md5)
                if answer is None or not self._is_current(answer):
                    answer = await self._request(scanner, md5)
        except TimeoutError as error:
            raise TryLater(profile.fill(BUSY)) from error
        return replace(answer, sends=scanner.submissions is not None)

    async def _request(self, scanner: SideScanner, md5: str) -> HashAnswer:
        """Request the report, which counts against the quota, and store it."""
        profile, reports = scanner.profile, scanner.reports
        if reports is None:
            raise NotFound(profile.fill(UNREAD))
        left = min((quota.unused for quota in await explained(profile.vendor, reports.quota())), default=None)
        if left == 0:
            raise TryLater(profile.fill(USED_UP))
        report, at = await explained(profile.vendor, reports.report(md5, full=True)), self.clock.now()
        await self.store.verdicts.keep_answer(profile, md5, report)
        left = left - 1 if left is not None else None
        return HashAnswer(scanner=profile, md5=md5, at=at, report=report, left=left)

    def _is_current(self, answer: HashAnswer) -> bool:
        """Return whether a report can still be used: a verdict forever, others for a while."""
        if answer.report.verdict is not None:
            return True
        in_progress = answer.report.status is ReportStatus.IN_PROGRESS
        return self.clock.now() - answer.at < (IN_PROGRESS_KEPT_S if in_progress else UNKNOWN_KEPT_S)
