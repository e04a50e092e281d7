"""What people do in the meantime: they share builds of all sorts, and press the buttons they are offered."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sandbox import builds, bundles
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import CannotDo, Shared, SlackSandbox
from sandbox.world import Message
from sandbox.zscaler import ZscalerSandbox

CHANNELS = 6
BIG_BYTES = (2_000_000, 6_000_000)
BUNDLED = "bundled"
"""What the last word of a package ends in that is always an App Bundle."""
FORM_S = 5.0
HARMFUL = 0.4
"""How many of the builds Zscaler holds for malicious."""
BUTTONS = {
    "Scan as a new app": 6,
    "Rescan as…": 4,
    "Dismiss": 0.5,
    "Cancel": 0.2,
    "It arrived…": 4,
    "Submit again": 4,
}
"""What is pressed, and how gladly."""
RELUCTANCE = 4
"""How gladly nothing is pressed."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A build that was shared."""

    shared: Shared
    sha256: str
    package: str
    content: bytes
    asked: bool
    """Whether the comment asked for a rescan: such a file is scanned although it was before."""


class People:
    """Everybody in the workspace, by one source of chance."""

    def __init__(
        self, slack: SlackSandbox, onetrust: OneTrustSandbox, chance: Random, zscaler: ZscalerSandbox | None
    ) -> None:
        self._zscaler = zscaler
        self._slack = slack
        self._onetrust = onetrust
        self._chance = chance
        self._dana = slack.person("dana")
        self._channels = [slack.channel(f"builds-{n}", members=["dana"]) for n in range(CHANNELS)]
        self._pressing: set[asyncio.Task[None]] = set()
        self._pressed = 0
        self.sent: list[Sent] = []

    def share(self) -> None:
        """Share one more build: of a new app, of a known one, the very same file, a broken one."""
        ways: dict[Callable[[], None], int] = {self._new: 6}
        if self.sent:
            ways |= {self._next: 6, self._rescan: 3, self._copy: 2, self._again: 1, self._broken: 1}
        (way,) = self._chance.choices(list(ways), list(ways.values()))
        way()

    def press(self) -> None:
        """Press a button of one of the bot's replies, without waiting for what comes of it."""
        offered = [
            (message, label)
            for message in self._slack.world.messages.values()
            if message.user == self._slack.bot_user_id and not message.deleted
            for label in labels(message)
            if label in BUTTONS and (label != "Submit again" or not self._request_id(message))
        ]
        weights = [BUTTONS[label] for _, label in offered]
        (chosen,) = self._chance.choices([*offered, None], [*weights, RELUCTANCE])
        if chosen is not None:
            message, label = chosen
            task = asyncio.create_task(self._press(message, label))
            self._pressing.add(task)
            task.add_done_callback(self._pressing.discard)

    async def rest(self) -> None:
        """Wait until nobody is pressing anything."""
        await asyncio.gather(*self._pressing)

    def _new(self) -> None:
        bundled = BUNDLED if self._chance.random() < 0.4 else ""
        self._share(f"com.example.app{len(self.sent)}{bundled}")

    def _next(self) -> None:
        self._share(self._chance.choice(self.sent).package)

    def _rescan(self) -> None:
        app_id = self._app_id()
        self._share(self._chance.choice(self.sent).package, f"rescan {app_id}" if app_id else "")

    def _copy(self) -> None:
        sent = self._unasked()
        self._post(sent.content, sent.package)

    def _again(self) -> None:
        sent = self._unasked()
        shared = self._dana.share_again(self._chance.choice(self._channels), sent.shared.file_id)
        self._note(shared, sent.content, sent.package)

    def _unasked(self) -> Sent:
        return self._chance.choice([sent for sent in self.sent if not sent.asked])

    def _broken(self) -> None:
        self._post(self._build("com.example.broken")[:-40], "com.example.broken")

    def _share(self, package: str, comment: str = "") -> None:
        self._post(self._build(package), package, comment)

    def _build(self, package: str) -> bytes:
        number = len(self.sent)
        padding = self._chance.randint(*BIG_BYTES) if self._chance.random() < 0.4 else 0
        make = bundles.make_aab if package.endswith(BUNDLED) else builds.make_apk
        return make(
            package=package,
            version_name=f"1.{number}",
            version_code=number + 1,
            label=package.rsplit(".", 1)[1],
            padding_bytes=padding,
            seed=number,
            files={"assets/hosts.txt": f"https://api{number}.acme-mail.com/".encode()},
        )

    def _post(self, content: bytes, package: str, comment: str = "") -> None:
        channel = self._chance.choice(self._channels)
        ending = "aab" if package.endswith(BUNDLED) else "apk"
        shared = self._dana.share(channel, [(f"{package.rsplit('.', 1)[1]}.{ending}", content)], comment)
        self._note(shared, content, package, asked=bool(comment))

    def _note(self, shared: Shared, content: bytes, package: str, *, asked: bool = False) -> None:
        sha256 = hashlib.sha256(content).hexdigest()
        if self._zscaler is not None and self._chance.random() < HARMFUL:
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            self._zscaler.verdict_for(md5, type="MALICIOUS")
        self.sent.append(Sent(shared=shared, sha256=sha256, package=package, content=content, asked=asked))

    def _app_id(self) -> str:
        return self._chance.choice(self._onetrust.apps).id if self._onetrust.apps else ""

    def _request_id(self, reply: Message) -> str:
        """Return the ID that OneTrust gave to the build under which a reply stands; empty for nothing."""
        of_reply = {sent.sha256 for sent in self.sent if sent.shared.ts == reply.thread_ts}
        took = (
            taken.request_id or taken.scan_id or ""
            for taken in self._onetrust.received
            if taken.sha256 in of_reply
        )
        return next(took, "")

    async def _press(self, message: Message, label: str) -> None:
        self._pressed += 1
        person = self._slack.person(f"person{self._pressed}")  # whose forms are nobody else's
        forms = {"Rescan as…": ("app_id", self._app_id()), "It arrived…": ("request_id", "")}
        try:
            await person.press(message.channel, message.ts, label)
            if label in forms:
                view = await self._slack.until(person.open_view, FORM_S)
                name, value = forms[label]
                if view is not None and (value := value or self._request_id(message)):
                    await person.submit_view({name: value})
        except (CannotDo, TimeoutError):
            return  # the button is gone, or the bot was killed under their hands


def labels(message: Message) -> list[str]:
    """Return what is on a message's buttons."""
    rows = (block["elements"] for block in message.blocks if block["type"] == "actions")
    return [element["text"]["text"] for row in rows for element in row if element["type"] == "button"]
