"""``/appscan``: each word after it, and what is said to a wrong one."""

import contextlib
import difflib
import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.core import identifiers
from bot.errors import NotFound, UsageError
from bot.features.history import apps_views, diff_views, in_progress_views, sdk_views
from bot.features.history import views as history
from bot.features.history.compare import SeveralApps
from bot.features.hosts import lookup_views
from bot.features.onetrust_apps import views
from bot.features.third_party_apps import listeners as governance
from bot.features.verdicts import lookup_views as verdict
from bot.features.zscaler_admin import listeners
from bot.slack.blocks import short_answers, text
from bot.slack.blocks.message import Message
from bot.slack.listening import help_views
from bot.slack.listening.command import Command
from bot.slack.listening.payload import needed, said
from bot.slack.listening.respond import answer
from bot.wiring.services import Services

COMMAND = "/appscan"
_MAY_HOLD_SECRETS = frozenset({"governance", "urls"})
"""Words whose further words are never shown again: a link can hold codes, tokens and passwords."""
_TAG = re.compile(r"<([@#])[A-Z0-9]+\|([^<>]*)>")


def register(app: AsyncApp, services: Services) -> None:
    """Register the command."""
    answers = Answers(services)

    @app.command(COMMAND)
    async def appscan(ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        message = await answers.to(command)
        if message is not None:
            await answer(respond, message)


class Answers:
    """Finds what a command means and answers it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._by_word: dict[str, Callable[[Command], Awaitable[Message | None]]] = {
            "help": self._help,
            "rescan": self._rescan,
            "history": self._history,
            "status": self._status,
            "diff": self._diff,
            "sdk": self._sdk,
            "apps": self._apps,
            "link": self._link,
            "unlink": self._unlink,
        }
        optional: dict[str, Callable[[Command], Awaitable[Message | None]]] = {
            "governance": self._governance,
            "zscaler": self._zscaler,
            "urls": self._urls,
            "verdict": self._verdict,
        }
        self._by_word |= {word: found for word, found in optional.items() if word in services.words}

    async def to(self, command: dict[str, Any]) -> Message | None:
        """Answer a command; ``None`` where what it posted is the answer."""
        user, channel = needed(command, "user_id"), needed(command, "channel_id")
        await self._services.policy.admit(user, channel)
        word, rest = [*said(command, "text").split(maxsplit=1), "", ""][:2]
        asked = Command(
            user=user,
            channel=channel,
            rest=rest.strip(),
            words=tuple(rest.split()),
            occasion=f"command-{said(command, 'trigger_id')}",
        )
        word = word.lower() or "help"
        if word not in self._by_word:
            raise self._unknown(word, rest)
        try:
            return await self._by_word[word](asked)
        except UsageError as error:
            if error.example.startswith(COMMAND):
                raise
            raise UsageError(
                error.user_message, example=help_views.topics(self._services.words)[word].examples[-1]
            ) from error

    def _unknown(self, word: str, rest: str) -> UsageError:
        """Return what is said to a word that is none, with the one that may have been meant."""
        if near := difflib.get_close_matches(word, self._by_word, n=1):
            typed = (
                "" if near[0] in _MAY_HOLD_SECRETS else _TAG.sub(_name_of_tag, identifiers.unwrapped(rest))
            )
            meant = f"{COMMAND} {near[0]} {typed}".strip()
            return UsageError(f"Did you mean `{near[0]}`?", example=meant)
        return UsageError(
            f"That is none of the words I know: {', '.join(f'`{known}`' for known in self._by_word)}.",
            example=f"{COMMAND} help",
        )

    async def _help(self, asked: Command) -> Message:
        return help_views.about(asked.rest, words=self._services.words)

    async def _rescan(self, asked: Command) -> Message | None:
        if not identifiers.is_app_id(asked.words[0] if asked.words else ""):
            listing = await self._services.onetrust_apps.page(
                asked.user, asked.channel, _name(asked.rest), limit=views.OFFERED
            )
            if listing is not None:
                return views.offered(listing)
        if not asked.words or len(asked.words) > 2:
            raise UsageError(
                "Say which app to rescan, and if you like the link to a build that was shared.",
                example=help_views.TOPICS["rescan"].examples[0],
            )
        app_id = identifiers.app_id(asked.words[0])
        if len(asked.words) == 1:
            await self._services.intake.await_build(asked.user, asked.channel, app_id)
            return None
        link = identifiers.slack_link(asked.words[1])
        if link is None:
            raise UsageError(
                "The second word has to be the link to a shared file or its message "
                "(*Copy link* in the message's menu).",
                example=help_views.TOPICS["rescan"].examples[-1],
            )
        scan = await self._services.intake.rescan_file(
            asked.user, asked.channel, app_id, link, asked.occasion
        )
        where = self._services.cards.permalink(scan)
        told = text.link(where, "its thread") if where else "its thread"
        return short_answers.prepared(f"Rescanning {text.code(app_id)} as scan #{scan.number}: see {told}.")

    async def _history(self, asked: Command) -> Message:
        page, query = await self._services.records.history(asked.user, asked.channel, asked.rest)
        links = {scan.number: link for scan in page.scans if (link := self._services.cards.permalink(scan))}
        return history.page(page, query=query, links=links, scanners=self._services.cards.scanners)

    async def _status(self, asked: Command) -> Message:
        if not asked.words:
            return in_progress_views.in_progress(
                await self._services.comparisons.in_progress(asked.user, asked.channel)
            )
        if len(asked.words) == 1:
            with contextlib.suppress(NotFound):  # then it may be an app
                return await self._details(asked, asked.words[0])
        newest = await self._services.comparisons.newest(asked.user, asked.channel, asked.rest)
        if isinstance(newest, SeveralApps):
            return diff_views.several(newest, "status")
        return await self._details(asked, str(newest))

    async def _details(self, asked: Command, word: str) -> Message:
        card, events = await self._services.records.status(asked.user, asked.channel, word)
        return history.status(card, events, link=self._services.cards.permalink(card.scan))

    async def _diff(self, asked: Command) -> Message:
        compared = await self._services.comparisons.diff(asked.user, asked.channel, asked.rest)
        if isinstance(compared, SeveralApps):
            return diff_views.several(compared, "diff")
        return diff_views.diff(compared)

    async def _sdk(self, asked: Command) -> Message:
        return sdk_views.sdk(await self._services.comparisons.sdk(asked.user, asked.channel, asked.rest))

    async def _apps(self, asked: Command) -> Message:
        listing = await self._services.onetrust_apps.page(asked.user, asked.channel, _name(asked.rest))
        if asked.words and listing is not None:
            return views.applications(listing)
        page = await self._services.records.apps(asked.user, asked.channel)
        return apps_views.apps(page.rows, offset=page.offset, has_more=page.has_more, listing=listing)

    async def _link(self, asked: Command) -> Message:
        if len(asked.words) not in {2, 3}:
            raise UsageError(
                "Say the bundle identifier and then the app ID.",
                example=help_views.TOPICS["link"].examples[0],
            )
        bundle_id, app_id = identifiers.bundle_id(asked.words[0]), identifiers.app_id(asked.words[1])
        platform = identifiers.platform(asked.words[2]) if len(asked.words) == 3 else None
        linked = await self._services.records.link(asked.user, asked.channel, bundle_id, app_id, platform)
        return apps_views.linked(linked.link, before=linked.before, others=linked.others)

    async def _urls(self, asked: Command) -> Message:
        if self._services.urls is None:
            raise NotFound("Nothing that knows of URLs is set up here.")
        return lookup_views.urls(await self._services.urls.ask(asked.rest))

    async def _verdict(self, asked: Command) -> Message:
        if self._services.verdicts is None:
            raise NotFound("No side scanner is set up here.")
        told = await self._services.verdicts.ask(asked.user, asked.channel, asked.rest)
        if isinstance(told, list):
            return verdict.asked(told)
        return verdict.known(told, link=self._services.cards.permalink(told.scan))

    async def _unlink(self, asked: Command) -> Message:
        if len(asked.words) not in {1, 2}:
            raise UsageError("Say the bundle identifier.", example=help_views.TOPICS["unlink"].examples[0])
        bundle_id = identifiers.bundle_id(asked.words[0])
        platform = identifiers.platform(asked.words[1]) if len(asked.words) == 2 else None
        return apps_views.unlinked(
            await self._services.records.unlink(asked.user, asked.channel, bundle_id, platform)
        )

    async def _governance(self, asked: Command) -> Message:
        if self._services.governing is None:
            raise NotFound(governance.GONE)
        return await governance.answer_to(self._services.governing, asked)

    async def _zscaler(self, asked: Command) -> Message:
        if self._services.administration is None:
            raise NotFound(listeners.GONE)
        return await listeners.answer_to(self._services.administration, asked)


def _name(typed: str) -> str:
    """Return a name that was typed, without the quotes around it."""
    return identifiers.unwrapped(typed).strip("\"'“”„‟‘’«» ")


def _name_of_tag(tag: re.Match[str]) -> str:
    """Return a person or channel as it was typed."""
    return f"{tag[1]}{tag[2]}"
