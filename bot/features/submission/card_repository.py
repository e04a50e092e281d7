"""Reads scans' cards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.core.circuit_breaker import CircuitBreaker
from bot.core.scan import Scan, State
from bot.features.app_links import repository as links
from bot.features.submission.card import Card, open_to
from bot.features.submission.sections import ReplySection
from bot.storage import transitions
from bot.storage.connection import Connection
from bot.storage.database import Database


@dataclass(kw_only=True, eq=False, repr=False)
class Cards:
    """Reads cards, each in one snapshot of the database."""

    database: Database
    sections: Sequence[ReplySection]
    log_url: Callable[[str], str | None]
    permalink: Callable[[Scan], str | None]
    breaker: CircuitBreaker | None = None

    async def card(self, number: int, *, done_bytes: int = 0, total_bytes: int = 0) -> Card:
        """Return the card of a scan, with the progress of its bytes.

        Raises:
            NotFound: no such scan.
        """
        card = await self.database.read(lambda db: self._read(db, number))
        return replace(
            card,
            done_bytes=done_bytes,
            total_bytes=total_bytes,
            scanner_away=self.breaker is not None and self.breaker.is_open,
            parts={section.name: section.complete(card.parts[section.name]) for section in self.sections},
        )

    def _read(self, db: Connection, number: int) -> Card:
        scan = transitions.load(db, number)
        original = transitions.load(db, scan.original) if scan.original else None
        shown = original if original is not None and scan.state is State.DUPLICATE else scan
        request_id = shown.submission.request_id
        return Card(
            scan=scan,
            original=original,
            original_link=self.permalink(original) if original and open_to(scan, original) else None,
            link=links.of_build(db, scan.bundle_id, scan.platform),
            taken_by=links.of_others(db, scan.asked_app_id, scan) if scan.question is not None else (),
            log_url=self.log_url(request_id) if request_id else None,
            parts={section.name: section.read(db, scan, original) for section in self.sections},
        )
