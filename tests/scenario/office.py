"""A workspace with the whole bot in it: stand-ins on loopback, the bot in this process, people to be."""

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.app import Bot
from bot.config.settings import Settings
from bot.core.ports import BuildReader
from bot.features.submission.sections import ReplySection
from bot.features.verdicts.side_scanner import SideScanner
from bot.storage.database import Database
from sandbox import builds
from sandbox.bot_process import zscaler_settings
from sandbox.clock import Clock
from sandbox.onetrust import OneTrustSandbox
from sandbox.reading import Reader
from sandbox.slack import Invocation, Person, Shared, SlackSandbox
from sandbox.world import Call, Channel, Message, View, World
from sandbox.zscaler import ZscalerSandbox
from tests import secrecy
from tests.dead_servers import dead_server
from tests.scenario.here import ReaderHere

APP_ID = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"
OTHER_APP_ID = "77aa0f52-1d5c-4d77-8d43-55a1b9a6f0ce-test"
SLACK_METHODS = frozenset(
    {
        "apps.connections.open",
        "auth.test",
        "chat.delete",
        "chat.postEphemeral",
        "chat.postMessage",
        "chat.update",
        "conversations.history",
        "conversations.info",
        "conversations.replies",
        "download",
        "files.info",
        "response_url",
        "users.conversations",
        "users.info",
        "views.open",
        "views.update",
    }
)
"""All that the bot asks of Slack; each is refused for a while in test_slack_limits.py."""

RETRIES_S = (0.0, 1.0, 5.0)
"""How long Slack waits before each further try of an event: no minutes, as a slow machine may need each."""

ZSCALER_SECRET = "zscaler-client-s3cret+/="
EVERYWHERE = "APPSCAN_TEST_ZSCALER"
"""Environment variable: ``down`` or ``wedged`` sets up such a Zscaler wherever a test opens no other."""
LOG_URL = "https://onetrust.example/logs?id={request_id}"


class ShiftedClock:
    """The real clock, which a test may set forward; in a hurry it passes over short waits by itself.

    Waits of ``LONG_S`` and more are for things that happen in real time, such as an answer that may take so
    long: they take what they take, however much time a hurry has passed over meanwhile.
    """

    LONG_S = 3.0

    def __init__(self) -> None:
        self.hurried = False
        self._hurry_s = 0.0
        self._shift_s = 0.0
        self._shifted = asyncio.Event()

    def now(self) -> float:
        return time.time() + self._shift_s + self._hurry_s

    async def sleep(self, seconds: float) -> None:
        if self.hurried and seconds < self.LONG_S:  # such as the pauses between two posts or updates
            self._hurry_s += max(0.0, seconds)
            await asyncio.sleep(0)
            return
        until = time.time() + self._shift_s + seconds
        while (left := until - time.time() - self._shift_s) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._shifted.wait()
            except TimeoutError:
                return

    def advance(self, seconds: float) -> None:
        self._shift_s += seconds
        self._shifted.set()
        self._shifted = asyncio.Event()


@dataclass
class Office:
    """The stand-ins, the bot, and what a person sees."""

    slack: SlackSandbox
    onetrust: OneTrustSandbox
    environ: dict[str, str]
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    bot: Bot | None = None
    reads_apart: bool | BuildReader = False
    side_scanners: Sequence[SideScanner] = ()
    """Beside Zscaler's."""
    sections: Sequence[ReplySection] = ()
    """Of the reply, below those of the features."""
    database: type[Database] = Database
    zscaler: ZscalerSandbox = field(
        default_factory=lambda: ZscalerSandbox(
            client_secret=ZSCALER_SECRET, report_s=0.0, strict_rates=False
        ),
        init=False,
    )
    """Answers only in an ``office`` that was opened with it; then a build is judged as soon as it is sent."""

    @property
    def dana(self) -> Person:
        return self.slack.person("dana", tz="America/New_York")

    @property
    def eli(self) -> Person:
        return self.slack.person("eli")

    @property
    def builds_channel(self) -> Channel:
        return self.slack.channel("mobile-builds", members=["dana", "eli"])

    def channel(self, name: str, **about: Any) -> Channel:
        """Return a conversation of dana's, eli's and the bot's; ``about`` as in ``SlackSandbox.channel``."""
        return self.slack.channel(name, **{"members": ["dana", "eli"], **about})

    async def start(self, **environ: str) -> None:
        """Start the bot, with more settings where given."""
        self.environ |= environ
        settings = Settings.read(self.environ)
        apart = None if self.reads_apart is True else self.reads_apart
        reader = ReaderHere(accepts_aab=settings.accepts_aab) if apart is False else apart
        self.bot = await Bot(
            settings,
            self.clock,
            reader=reader,
            side_scanners=self.side_scanners,
            sections=self.sections,
            database=self.database,
        ).__aenter__()
        if "SLACK_APP_TOKEN" not in self.environ:
            self.slack.events_url = f"http://127.0.0.1:{self.bot.port}/slack/events"

    async def stop(self) -> None:
        bot, self.bot = self.bot, None
        if bot is not None:
            await bot.__aexit__(None, None, None)

    def read(self, message: Message) -> str:
        """Return a message as dana reads it."""
        return Reader(self.slack.world, self.dana.user).body(message)

    def read_view(self, view: View) -> str:
        """Return a modal as dana reads it."""
        return Reader(self.slack.world, self.dana.user).view(view)

    def replies(self, shared: Shared) -> list[Message]:
        """Return the bot's messages in the thread of a share."""
        head = self.slack.world.find_message(shared.channel, shared.thread_ts or shared.ts)
        thread = self.slack.world.replies(head) if head else []
        return [message for message in thread if message.user == self.slack.bot_user_id]

    def posts(self, shared: Shared) -> list[Call]:
        """Return the bot's posts in the thread of a share, successful or not."""
        where = {"channel": shared.channel, "thread_ts": shared.thread_ts or shared.ts}
        return [
            call
            for call in self.slack.called("chat.postMessage")
            if all(call.arguments.get(name) == value for name, value in where.items())
        ]

    def versions(self, message: Message) -> list[str]:
        """Return all that a message has said, first to last, as dana would have read it."""
        written = [
            call
            for call in self.slack.calls
            if call.method in {"chat.postMessage", "chat.update"}
            and call.answer.get("ts") == message.ts
            and call.answer.get("ok")
        ]
        reader = Reader(self.slack.world, self.dana.user)
        return ["\n".join(reader.blocks(call.arguments["blocks"])) for call in written]

    async def form(self, who: Person | None = None) -> str:
        """Wait until a modal is before a person; return it as read."""
        person = who or self.dana
        view = await self.slack.until(person.open_view)
        assert view is not None
        return self.read_view(view)

    async def reply(self, shared: Shared, *words: str, number: int = 0, timeout_s: float = 60.0) -> Message:
        """Wait until the bot's reply to a share holds these words; return it."""

        def found() -> Message | None:
            replies = self.replies(shared)
            if len(replies) <= number:
                return None
            text = self.read(replies[number])
            return replies[number] if all(word in text for word in words) else None

        try:
            message = await self.slack.until(found, timeout_s)
        except TimeoutError as error:
            told = "\n---\n".join(self.read(reply) for reply in self.replies(shared)) or "(no reply)"
            raise AssertionError(f"no reply {number} with {words}; what there is:\n{told}") from error
        assert message is not None
        return message

    async def both(self, shared: Shared, one: str, other: str) -> tuple[int, int]:
        """Wait until of a share's replies one holds the first words and one the second; return which."""

        def found() -> tuple[int, int] | None:
            told = [self.read(reply) for reply in self.replies(shared)]
            at = [next((n for n, text in enumerate(told) if words in text), None) for words in (one, other)]
            return (at[0], at[1]) if at[0] is not None and at[1] is not None else None

        places = await self.slack.until(found)
        assert places is not None
        return places

    async def submitted(self, shared: Shared, *words: str, number: int = 0) -> str:
        """Wait until a share was submitted; return its request ID."""
        message = await self.reply(shared, "was submitted to OneTrust", *words, number=number)
        return self.read(message).split("Request ID: `")[1].split("`")[0]

    async def command(
        self, text: str, *, who: Person | None = None, where: Channel | str | None = None
    ) -> str:
        """Type ``/appscan …``; return the answer as read."""
        person = who or self.dana
        place = where or self.builds_channel
        before = len(person.ephemerals(place))
        await person.slash(place, "/appscan", text)
        await self.slack.until(lambda: len(person.ephemerals(place)) > before)
        return self.read(person.ephemerals(place)[-1])

    async def waiting_rescan(
        self, app_id: str, *, who: Person | None = None, where: Channel | None = None
    ) -> Shared:
        """Type ``/appscan rescan <appId>``; return the bot's message that a build is to answer."""
        person, place = who or self.dana, where or self.builds_channel
        known = {message.ts for message in person.messages(place)}
        await person.slash(place, "/appscan", f"rescan {app_id}")

        def found() -> Message | None:
            posted = (m for m in person.messages(place) if m.ts not in known and m.ephemeral_to is None)
            return next((m for m in posted if m.user == self.slack.bot_user_id and app_id in m.text), None)

        message = await self.slack.until(found)
        assert message is not None
        return Shared(channel=place.id, ts=message.ts, thread_ts=None)

    async def says(self, shared: Shared, *words: str) -> str:
        """Wait until a message itself holds these words; return it as read."""

        def found() -> str | None:
            message = self.slack.world.find_message(shared.channel, shared.ts)
            said = self.read(message) if message else ""
            return said if all(word in said for word in words) else None

        said = await self.slack.until(found)
        assert said is not None
        return said

    async def told(self, invocation: Invocation) -> str:
        """Wait until a person is told something about what they set off; return it as read."""
        assert invocation.acked, invocation.error
        await self.slack.until(lambda: invocation.answers)
        return self.read(invocation.answers[-1])

    async def press(
        self, shared: Shared, button: str, *, who: Person | None = None, number: int = 0
    ) -> Invocation:
        """Press a button of the bot's reply to a share."""
        reply = self.replies(shared)[number]
        return await (who or self.dana).press(shared.channel, reply.ts, button)


def apk(version: str = "4.2.0", *, code: int = 420, package: str = "com.example.shop", **more: Any) -> bytes:
    """Return an APK."""
    return builds.make_apk(
        **{"package": package, "version_name": version, "version_code": code, "label": "Shop", **more}
    )


def ipa(version: str = "4.2.0", *, bundle_id: str = "com.example.shop", **more: Any) -> bytes:
    """Return an IPA."""
    about = {
        "bundle_id": bundle_id,
        "name": "Shop",
        "display_name": "Shop",
        "version": version,
        "build_number": "7",
    }
    return builds.make_ipa(**{**about, **more})


@asynccontextmanager
async def office(
    folder: Path,
    *,
    mode: str = "socket",
    world: World | None = None,
    strict_rates: bool = False,
    tls: ssl.SSLContext | None = None,
    reads_apart: bool | BuildReader = False,
    zscaler: bool | str | None = None,
    side_scanners: Sequence[SideScanner] = (),
    clock: ShiftedClock | None = None,
    outside: Clock | None = None,
    prepare: Callable[[Office], None] | None = None,
    sections: Sequence[ReplySection] = (),
    database: type[Database] = Database,
    **environ: str,
) -> AsyncIterator[Office]:
    """Open the stand-ins and start the bot; with ``tls``, OneTrust speaks https.

    With ``reads_apart``, each build is read in a process of its own, as it is where the bot is at work, or by
    that reader.
    With ``zscaler``, all three of its APIs are set up too; ``down`` or ``wedged``, they are of no use. Where
    nothing is said of it, ``EVERYWHERE`` says it. ``clock`` is the bot's, ``outside`` that of the scanners'
    stand-ins; ``prepare`` is called once the stand-ins are open and before the bot starts.
    """
    async with (
        SlackSandbox(
            world, mode="http" if mode == "http" else "socket", strict_rates=strict_rates, retries_s=RETRIES_S
        ) as slack,
        OneTrustSandbox(client_secret="onetrust-client-s3cret", tls=tls, clock=outside) as onetrust,
        AsyncExitStack() as stack,
    ):
        place = Office(
            slack=slack,
            onetrust=onetrust,
            reads_apart=reads_apart,
            side_scanners=side_scanners,
            sections=sections,
            database=database,
            environ={
                "SLACK_BOT_TOKEN": slack.bot_token,
                "SLACK_API_URL": slack.api_url,
                "ONETRUST_URL": onetrust.url,
                "ONETRUST_CLIENT_ID": onetrust.client_id,
                "ONETRUST_CLIENT_SECRET": onetrust.client_secret,
                "ONETRUST_WEBHOOK_URL": onetrust.webhook_url,
                "ONETRUST_LOG_URL": LOG_URL,
                "ONETRUST_RESULTS_HOURS": "0",  # a scenario of results sets it
                "APPSCAN_DB": str(folder / "appscan.db"),
                **(
                    {"SLACK_SIGNING_SECRET": slack.signing_secret, "PORT": "0"}
                    if mode == "http"
                    else {"SLACK_APP_TOKEN": slack.app_token}
                ),
            },
        )
        if clock is not None:
            place.clock = clock
        if outside is not None:
            place.zscaler = ZscalerSandbox(
                client_secret=ZSCALER_SECRET, report_s=0.0, strict_rates=False, clock=outside
            )
        if zscaler is True:
            place.environ |= zscaler_settings(await stack.enter_async_context(place.zscaler))
        elif trouble := os.environ.get(EVERYWHERE) if zscaler is None else zscaler:
            url = await stack.enter_async_context(dead_server(trouble))
            about = zscaler_settings(place.zscaler).items()
            place.environ |= {name: value.replace(place.zscaler.url, url) for name, value in about}
        assert place.dana.name == "dana"  # before others name her: she is in New York
        if prepare is not None:
            prepare(place)
        with secrecy.Log(Settings.read(place.environ | environ).secrets()) as log:
            await place.start(**environ)
            try:
                yield place
            finally:
                for stand_in in (slack, onetrust, place.zscaler):  # nothing is to be held while the bot stops
                    stand_in.faults.clear()
                await place.stop()
        asked = {call.method for call in slack.calls}
        assert asked <= SLACK_METHODS, "test_slack_limits.py does not try all that is asked of Slack"
        secrets = secrecy.secrets_of(place.environ, onetrust, place.zscaler)
        assert log.lines
        secrecy.look("the log", "\n".join(log.lines), secrets)
        secrecy.look_at_slack(slack, secrets)
        secrecy.look_at_folder(folder, secrets)
