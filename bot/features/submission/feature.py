"""Taking builds to OneTrust: builds shared in Slack, the reply in their thread, and its buttons."""

import logging
from collections.abc import Callable
from functools import partial

from bot.core.scan import Scan
from bot.core.scheduler import Job
from bot.errors import SubmissionError
from bot.features.history.commands import HistoryCommands
from bot.features.rescan_requests.messages import RescanRequestMessage
from bot.features.rescan_requests.views import request
from bot.features.results.poller import ResultPoller
from bot.features.submission import (
    listeners,
    share_listeners,
    views,
)
from bot.features.submission.card_repository import Cards
from bot.features.submission.intake import Intake
from bot.features.submission.messages import reply_subject
from bot.features.submission.pipeline import Pipeline
from bot.features.submission.user_actions import UserActions
from bot.features.submission.worker import Worker
from bot.features.verdicts.hold import Hold
from bot.metrics import CountedFiles
from bot.scanners.onetrust.file_server import FileServer, open_file_server
from bot.slack.api.identity import Identity
from bot.slack.messages.rejections import SlackRejections
from bot.wiring.checks import onetrust
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit
from bot.wiring.parts import log_url
from bot.wiring.sections import reply_sections

logger = logging.getLogger(__name__)


def build(kit: Kit) -> Surface:
    """Build it; it offers ``Cards``, the replies, ``Intake``, ``UserActions`` and ``Worker``."""
    settings = kit.settings
    refusals = SlackRejections(kit.client)
    kit.stack.push_async_callback(refusals.close)
    cards = _cards(kit)
    kit.provide(cards)
    replies = kit.messages(reply_subject(kit.store, partial(views.reply, sections=cards.sections)))
    kit.provide(replies, "reply")

    def drop(number: int) -> None:
        kit.get(Worker).drop(number)

    intake = Intake(
        store=kit.store,
        workspace=kit.workspace,
        board=RescanRequestMessage(kit.client, request, kit.posts, kit.updates),
        announcer=replies,
        refusals=refusals,
        access=kit.access,
        clock=kit.clock,
        wake=kit.wake,
        drop=drop,
    )
    kit.provide(intake)
    actions = UserActions(store=kit.store, announcer=replies, access=kit.access, wake=kit.wake, drop=drop)
    kit.provide(actions)
    scanners = tuple(scanner for scanner in kit.side_scanners if scanner.sees_builds)
    pipeline = Pipeline(
        store=kit.store,
        files=CountedFiles(kit.files, kit.metrics.pulled),
        reader=kit.reader,
        routes=kit.routes,
        announcer=replies,
        clock=kit.clock,
        breaker=kit.breaker,
        work_dir=kit.work_dir,
        may_create_link=kit.access.may_create_link,
        accepts_aab=settings.accepts_aab,
        adjustment=Hold(scanners=scanners) if scanners else None,
    )
    worker = Worker(
        store=kit.store,
        pipeline=pipeline,
        intake=intake,
        announcer=replies,
        clock=kit.clock,
        breaker=kit.breaker,
        concurrency=settings.concurrency,
        scheduler=kit.scheduler,
    )
    kit.provide(worker)

    jobs: tuple[Job, ...] = ()
    if settings.ftp is not None and "ftp" in kit.routes:
        look = partial(_look_at, open_file_server(settings.ftp.address))
        jobs = (Job(name="look at the FTP server", run=look, interval_s=None),)
    return Surface(
        topics={"share": share_listeners.SHARE},
        listeners=(
            lambda app: share_listeners.register(app, intake),
            lambda app: listeners.register(
                app, intake, actions, kit.get(HistoryCommands).details, cards.permalink
            ),
            lambda app: listeners.register_forms(app, actions),
            lambda app: listeners.register_shortcut(app, intake, cards.permalink),
        ),
        scan_buttons=views.BUTTONS,
        jobs=jobs,
    )


def _cards(kit: Kit) -> Cards:
    kit.metrics.breaker_open = lambda: kit.breaker.is_open
    permalink = _permalink(kit.identity)
    return Cards(
        database=kit.database,
        sections=reply_sections(
            clock=kit.clock,
            permalink=permalink,
            poller=partial(kit.find, ResultPoller),
            scanners=[scanner.profile for scanner in kit.side_scanners if scanner.submissions is not None],
            reads_hosts=kit.settings.zscaler is not None,
            more=kit.sections,
        ),
        log_url=log_url(kit.settings.onetrust_log_url),
        permalink=permalink,
        breaker=kit.breaker,
    )


def _permalink(identity: Identity) -> Callable[[Scan], str | None]:
    def permalink(scan: Scan) -> str | None:
        if scan.channel is None or scan.message_ts is None:
            return None
        return identity.permalink(scan.channel, scan.reply_ts or scan.message_ts, scan.thread_ts)

    return permalink


async def _look_at(server: FileServer) -> None:
    """Look once whether builds can go to the FTP server; the log says so where they can't."""
    try:
        await server.check()
    except SubmissionError as error:
        logger.warning("the FTP route does not work now: %s", error.user_message)


FEATURE = Feature(name="submission", build=build, checks=onetrust.routes)
