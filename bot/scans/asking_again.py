"""Asking Zscaler's Sandbox again about a build that it gave no verdict on: somebody pressed for it.

OneTrust's part of the scan is not touched.
"""

from collections.abc import Callable
from typing import Any, Final

from bot.errors import NotFound, Superseded
from bot.scans.memory import Store
from bot.scans.models import SubmissionState
from bot.scans.ports import Announcer, Clock
from bot.scans.sending import NOT_READ
from bot.scans.verdicts import OpinionState

NOT_SET_UP: Final = (
    "Zscaler's Sandbox is not set up here any more, so it can't be asked again. Whoever runs the bot can "
    "set it up (`ZSCALER_SANDBOX_TOKEN`)."
)


class AskingAgain:
    """Puts opinions back to where they go on; ``sends`` and ``reads`` tell what of Zscaler is set up."""

    def __init__(
        self,
        *,
        store: Store,
        announcer: Announcer,
        clock: Clock,
        wake: Callable[[], None],
        sends: bool,
        reads: bool,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._wake = wake
        self._sends = sends
        self._reads = reads

    async def ask(self, number: int, user: str) -> None:
        """Ask for the report now where the Sandbox took the build, and else send the build again.

        What became known of the very same file since is its verdict then, and nothing is asked or sent.

        Raises:
            NotFound: what that takes is not set up any more.
            Superseded: it is asked already, or came to its last word.
        """
        opinion = await self._store.opinions.of(number)
        if opinion is None or not opinion.may_be_asked_again:
            raise Superseded(f"Zscaler's part of scan #{number} has moved on: there is nothing to ask again.")
        if not self._sends:
            raise NotFound(NOT_SET_UP)
        scan = await self._store.scans.scan(number)
        known = await self._store.opinions.known(scan.sha256 or "") is not None
        only_report = opinion.is_taken and not known
        if only_report and not self._reads:
            raise NotFound(NOT_READ)
        now = self._clock.now()
        anew: dict[str, Any] = {
            "due_at": now,
            "begun_at": now,
            "looks": 0,
            "problem": None,
            "ended_at": None,
        }
        if only_report:  # how often it was sent stays: it counts on the day's quota
            anew["state"] = OpinionState.ANALYSING
        else:
            anew |= {
                "state": OpinionState.WAITING,
                "tries": 0,
                "since": None,
                "submission": SubmissionState.PENDING,
                "status": None,
            }
        await self._store.opinions.keep(
            number, why="ask Zscaler again", who=user, expect={opinion.state}, **anew
        )
        self._announcer.changed(number)
        self._wake()
