"""The demo's prompt: be dana in the workspace by typing."""

import asyncio
import contextlib
import shlex
import threading
from pathlib import Path
from textwrap import indent

from sandbox.reading import Reader
from sandbox.slack import CannotDo, Invocation, Person, SlackSandbox
from sandbox.world import Channel, Message, View

HELP = """\
You are dana in #mobile-builds. Type:
  /appscan …              a slash command; /appscan help tells them all
  share PATH [comment]    share a file, such as: share shop.apk rescan 0b51dc1e-…
  reply PATH [comment]    the same in the thread shown last
  press LABEL             press a button of what the bot said last, such as: press Details
  thread                  show the thread again
  delete                  delete the message you shared last
  quit\
"""
ANSWER_S = 120.0


class Console:
    """Reads lines and does what they say."""

    def __init__(self, slack: SlackSandbox, person: Person, channel: Channel) -> None:
        self._slack = slack
        self._person = person
        self._channel = channel
        self._thread: str | None = None
        self._shown: list[Message] = []
        """What the bot said last, whose buttons can be pressed."""

    async def run(self) -> None:
        """Read lines until ``quit`` or the end of input."""
        print(f"\n{HELP}")
        while True:
            try:
                line = (await typed("\n> ")).strip()
            except EOFError:
                return
            if line in {"quit", "exit", "q"}:
                return
            try:
                await self._do(line)
            except CannotDo as error:
                print(f"  {error}")
            except TimeoutError:
                print("  The bot did not answer in time.")

    async def _do(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        match word:
            case "":
                return
            case "share" | "reply":
                await self._share(rest, in_thread=word == "reply")
            case "press":
                await self._press(rest.strip())
            case "thread":
                self._show_thread()
            case "delete" if self._thread is not None:
                self._person.delete(self._channel, self._thread)
                self._show_thread()
            case _ if word.startswith("/"):
                await self._slash(word, rest)
            case _:
                print(HELP)

    async def _share(self, rest: str, *, in_thread: bool) -> None:
        try:
            path, *comment = shlex.split(rest)
        except ValueError:
            path, comment = "", []
        file = Path(path).expanduser()  # noqa: ASYNC240 - a prompt waits for its one person
        if not path or not file.is_file():
            print(f"  There is no file {path or '(say which)'}.")
            return
        head = self._thread if in_thread else None
        shared = self._person.share(self._channel, [(file.name, file)], " ".join(comment), thread_ts=head)
        self._thread = head or shared.ts
        if not file.name.lower().endswith((".ipa", ".apk", ".aab", ".xapk", ".apks", ".apkm")):
            print("  Shared. A file that is no build is ignored without a word.")
            return
        await self._follow(after=shared.ts)

    async def _follow(self, after: str = "", said: str = "") -> None:
        """Show each state of the last reply, once it says no more ``said``, until it is settled."""
        while "hourglass" in (said := await self._next_words(after, said)):
            first = Reader(self._slack.world, self._person.user).words(said.splitlines()[0])
            print(f"  … {first}")
        self._show_thread()

    async def _next_words(self, after: str, said: str) -> str:
        """Wait until the thread's last reply says something else than ``said``; return that."""

        def words() -> str:
            replies = self._bots(self._person.thread(self._channel, self._thread or ""))
            text = replies[-1].text if replies and replies[-1].ts > after else ""
            return text if text != said else ""

        return await self._slack.until(words, ANSWER_S)

    async def _slash(self, command: str, text: str) -> None:
        known = len(self._person.messages(self._channel))
        invocation = await self._person.slash(self._channel, command, text)
        if invocation.error:
            print(f"  Slack: {invocation.error}")
            return
        await self._slack.until(
            lambda: invocation.answers or len(self._person.messages(self._channel)) > known, ANSWER_S
        )
        answers = list(invocation.answers) or self._person.messages(self._channel)[known:]
        if not invocation.answers and answers:
            self._thread = answers[-1].ts
        self._show(answers)

    async def _press(self, label: str) -> None:
        for message in reversed(self._shown):
            said, before = message.text, message.versions
            try:
                invocation = await self._person.press(self._channel, message.ts, label)
            except CannotDo:
                continue
            if invocation.url:
                print(f"  Your browser opens {invocation.url}")
                return
            await self._answered(invocation, message, before)
            if (view := self._person.open_view()) is not None:
                await self._fill(view, said)
            elif invocation.answers:
                self._show(list(invocation.answers))
            elif self._thread is not None:
                await self._follow(said=said)
            return
        labels = [
            label
            for message in self._shown
            for block in message.blocks
            if block["type"] == "actions"
            for label in [element["text"]["text"] for element in block["elements"]]
        ]
        there = ", ".join(labels) or "none"
        print(f"  There is no such button on what the bot said last. There are: {there}.")

    async def _answered(self, invocation: Invocation, message: Message, before: int) -> None:
        """Wait until a press has shown something; ``before`` is the version of the message then."""

        def shown() -> bool:
            return bool(
                invocation.answers
                or self._person.open_view()
                or message.versions != before
                or message.deleted
            )

        await self._slack.until(shown, ANSWER_S)

    async def _fill(self, view: View, said: str) -> None:
        """Ask for a form's inputs and send it, until it is taken or given up."""
        while True:
            print(indent(self._reader().view(view), "  "))
            values = {}
            for block in view.spec["blocks"]:
                if block["type"] == "input":
                    values[block["block_id"]] = await typed(f"  {block['label']['text']} (empty cancels)> ")
            if not values or not all(values.values()):
                await self._person.close_view()
                return
            await self._person.submit_view(values)
            still = self._person.open_view()
            if still is None:
                break
            view = still
        if self._thread is not None:
            await self._follow(said=said)

    def _show_thread(self) -> None:
        if self._thread is None:
            print("  No thread yet: share a build first.")
            return
        self._show(self._person.thread(self._channel, self._thread))

    def _show(self, messages: list[Message]) -> None:
        self._shown = self._bots(messages)
        print(indent(self._reader().thread(messages), "  "))

    def _bots(self, messages: list[Message]) -> list[Message]:
        return [message for message in messages if message.user == self._slack.bot_user_id]

    def _reader(self) -> Reader:
        return Reader(self._slack.world, self._person.user)


async def typed(prompt: str) -> str:
    """Return a line from the terminal; the thread that waits for it is left behind at Ctrl-C.

    Raises:
        EOFError: there are no more lines.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str | None] = loop.create_future()

    def give(text: str | None) -> None:
        if not line.done():
            line.set_result(text)

    def read() -> None:
        try:
            text: str | None = input(prompt)
        except EOFError:
            text = None
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(give, text)

    threading.Thread(target=read, daemon=True).start()
    given = await line
    if given is None:
        raise EOFError
    return given
