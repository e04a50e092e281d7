"""Taking builds to OneTrust: builds shared in Slack, the reply in their thread, and its buttons."""

import logging

from bot.core.scheduler import Job
from bot.errors import SubmissionError
from bot.features.history.listeners import HistoryCommands
from bot.features.rescan_requests import repository as rescan_requests
from bot.features.submission import listeners, share_listeners, views
from bot.scanners.onetrust.file_server import open_file_server
from bot.slack.messages.living_message import REFRESH_INTERVAL_S
from bot.wiring.checks import onetrust
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit

logger = logging.getLogger(__name__)


def build(kit: Kit) -> Surface:
    """Build it."""
    intake, actions = kit.domain.intake, kit.domain.actions
    return Surface(
        topics={"share": share_listeners.SHARE},
        listeners=(
            lambda app: share_listeners.register(app, intake),
            lambda app: listeners.register_buttons(app, actions, kit.get(HistoryCommands).details),
            lambda app: listeners.register_forms(app, actions),
            lambda app: listeners.register_requests(app, intake, kit.permalink),
        ),
        scan_buttons=views.BUTTONS,
        jobs=_jobs(kit),
    )


def _jobs(kit: Kit) -> tuple[Job, ...]:
    """Return what refreshes stale replies, and checks the FTP server once where builds go to one."""

    async def refresh() -> None:
        for number in await kit.store.queue.stale():
            kit.replies.changed(number)

    refreshing = Job(name="refresh of replies", run=refresh, interval_s=REFRESH_INTERVAL_S)
    if kit.settings.ftp is None or "ftp" not in kit.onetrust.routes:
        return (refreshing,)
    server = open_file_server(kit.settings.ftp.address)

    async def check() -> None:
        try:
            await server.check()
        except SubmissionError as error:
            logger.warning("the FTP route does not work now: %s", error.user_message)

    return refreshing, Job(name="check of the FTP server", run=check, interval_s=None)


FEATURE = Feature(build=build, row_hooks=(rescan_requests.HOOKS,), checks=onetrust.routes)
