"""``/appscan``: each word after it, and what is said to a wrong one."""

import contextlib
import difflib
import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.blocks import (
    applications,
    apps,
    diff,
    help,  # noqa: A004 - the command's own word
    history,
    notice,
    sdk,
    text,
    under_way,
    urls,
    verdict,
)
from bot.blocks.message import Message
from bot.errors import NotFound, UsageError
from bot.listeners import administration, governance
from bot.listeners.acts import needed, said
from bot.listeners.answers import answer
from bot.listeners.asked import Asked
from bot.scans import ids
from bot.scans.desk import Desk
from bot.scans.inquiries import Several

COMMAND = "/appscan"
_MAY_HOLD_SECRETS = frozenset({"governance", "urls"})
"""Words whose further words are never shown again: a link can hold codes, tokens and passwords."""
_TAG = re.compile(r"<([@#])[A-Z0-9]+\|([^<>]*)>")


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the command."""
    answers = Answers(desk)

    @app.command(COMMAND)
    async def appscan(ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        message = await answers.to(command)
        if message is not None:
            await answer(respond, message)


class Answers:
    """Finds what a command means and answers it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._by_word: dict[str, Callable[[Asked], Awaitable[Message | None]]] = {
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
        optional: dict[str, Callable[[Asked], Awaitable[Message | None]]] = {
            "governance": self._governance,
            "zscaler": self._zscaler,
            "urls": self._urls,
            "verdict": self._verdict,
        }
        self._by_word |= {word: found for word, found in optional.items() if word in desk.words}

    async def to(self, command: dict[str, Any]) -> Message | None:
        """Answer a command; ``None`` where what it posted is the answer."""
        user, channel = needed(command, "user_id"), needed(command, "channel_id")
        await self._desk.policy.admit(user, channel)
        word, rest = [*said(command, "text").split(maxsplit=1), "", ""][:2]
        asked = Asked(
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
                error.user_message, example=help.topics(self._desk.words)[word].examples[-1]
            ) from error

    def _unknown(self, word: str, rest: str) -> UsageError:
        """Return what is said to a word that is none, with the one that may have been meant."""
        if near := difflib.get_close_matches(word, self._by_word, n=1):
            typed = "" if near[0] in _MAY_HOLD_SECRETS else _TAG.sub(_name_of_tag, ids.unwrapped(rest))
            meant = f"{COMMAND} {near[0]} {typed}".strip()
            return UsageError(f"Did you mean `{near[0]}`?", example=meant)
        return UsageError(
            f"That is none of the words I know: {', '.join(f'`{known}`' for known in self._by_word)}.",
            example=f"{COMMAND} help",
        )

    async def _help(self, asked: Asked) -> Message:
        return help.about(asked.rest, words=self._desk.words)

    async def _rescan(self, asked: Asked) -> Message | None:
        if not ids.is_app_id(asked.words[0] if asked.words else ""):
            listing = await self._desk.catalogue.page(
                asked.user, asked.channel, _name(asked.rest), limit=applications.OFFERED
            )
            if listing is not None:
                return applications.offered(listing)
        if not asked.words or len(asked.words) > 2:
            raise UsageError(
                "Say which app to rescan, and if you like the link to a build that was shared.",
                example=help.TOPICS["rescan"].examples[0],
            )
        app_id = ids.app_id(asked.words[0])
        if len(asked.words) == 1:
            await self._desk.intake.await_build(asked.user, asked.channel, app_id)
            return None
        link = ids.slack_link(asked.words[1])
        if link is None:
            raise UsageError(
                "The second word has to be the link to a shared file or its message "
                "(*Copy link* in the message's menu).",
                example=help.TOPICS["rescan"].examples[-1],
            )
        scan = await self._desk.intake.rescan_file(asked.user, asked.channel, app_id, link, asked.occasion)
        where = self._desk.cards.permalink(scan)
        told = text.link(where, "its thread") if where else "its thread"
        return notice.prepared(f"Rescanning {text.code(app_id)} as scan #{scan.number}: see {told}.")

    async def _history(self, asked: Asked) -> Message:
        page, query = await self._desk.records.history(asked.user, asked.channel, asked.rest)
        links = {scan.number: link for scan in page.scans if (link := self._desk.cards.permalink(scan))}
        return history.page(page, query=query, links=links, scanners=self._desk.cards.scanners)

    async def _status(self, asked: Asked) -> Message:
        if not asked.words:
            return under_way.under_way(await self._desk.inquiries.under_way(asked.user, asked.channel))
        if len(asked.words) == 1:
            with contextlib.suppress(NotFound):  # then it may be an app
                return await self._details(asked, asked.words[0])
        newest = await self._desk.inquiries.newest(asked.user, asked.channel, asked.rest)
        if isinstance(newest, Several):
            return diff.several(newest, "status")
        return await self._details(asked, str(newest))

    async def _details(self, asked: Asked, word: str) -> Message:
        card, events = await self._desk.records.status(asked.user, asked.channel, word)
        return history.status(card, events, link=self._desk.cards.permalink(card.scan))

    async def _diff(self, asked: Asked) -> Message:
        compared = await self._desk.inquiries.diff(asked.user, asked.channel, asked.rest)
        if isinstance(compared, Several):
            return diff.several(compared, "diff")
        return diff.diff(compared)

    async def _sdk(self, asked: Asked) -> Message:
        return sdk.sdk(await self._desk.inquiries.sdk(asked.user, asked.channel, asked.rest))

    async def _apps(self, asked: Asked) -> Message:
        listing = await self._desk.catalogue.page(asked.user, asked.channel, _name(asked.rest))
        if asked.words and listing is not None:
            return applications.applications(listing)
        page = await self._desk.records.apps(asked.user, asked.channel)
        return apps.apps(page.rows, offset=page.offset, has_more=page.has_more, listing=listing)

    async def _link(self, asked: Asked) -> Message:
        if len(asked.words) not in {2, 3}:
            raise UsageError(
                "Say the bundle identifier and then the app ID.", example=help.TOPICS["link"].examples[0]
            )
        bundle_id, app_id = ids.bundle_id(asked.words[0]), ids.app_id(asked.words[1])
        platform = ids.platform(asked.words[2]) if len(asked.words) == 3 else None
        linked = await self._desk.records.link(asked.user, asked.channel, bundle_id, app_id, platform)
        return apps.linked(linked.link, before=linked.before, others=linked.others)

    async def _urls(self, asked: Asked) -> Message:
        if self._desk.urls is None:
            raise NotFound("Nothing that knows of URLs is set up here.")
        return urls.urls(await self._desk.urls.ask(asked.rest))

    async def _verdict(self, asked: Asked) -> Message:
        if self._desk.verdicts is None:
            raise NotFound("No side scanner is set up here.")
        told = await self._desk.verdicts.ask(asked.user, asked.channel, asked.rest)
        if isinstance(told, list):
            return verdict.asked(told)
        return verdict.known(told, link=self._desk.cards.permalink(told.scan))

    async def _unlink(self, asked: Asked) -> Message:
        if len(asked.words) not in {1, 2}:
            raise UsageError("Say the bundle identifier.", example=help.TOPICS["unlink"].examples[0])
        bundle_id = ids.bundle_id(asked.words[0])
        platform = ids.platform(asked.words[1]) if len(asked.words) == 2 else None
        return apps.unlinked(await self._desk.records.unlink(asked.user, asked.channel, bundle_id, platform))

    async def _governance(self, asked: Asked) -> Message:
        if self._desk.governing is None:
            raise NotFound(governance.GONE)
        return await governance.answer_to(self._desk.governing, asked)

    async def _zscaler(self, asked: Asked) -> Message:
        if self._desk.administration is None:
            raise NotFound(administration.GONE)
        return await administration.answer_to(self._desk.administration, asked)


def _name(typed: str) -> str:
    """Return a name that was typed, without the quotes around it."""
    return ids.unwrapped(typed).strip("\"'“”„‟‘’«» ")


def _name_of_tag(tag: re.Match[str]) -> str:
    """Return a person or channel as it was typed."""
    return f"{tag[1]}{tag[2]}"
