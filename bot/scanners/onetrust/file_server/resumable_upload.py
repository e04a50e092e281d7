"""Uploading a build to the file server over connections that break, by FTP, FTPS or SFTP.

Every connection first asks for the sizes on the server, so nothing depends on what an earlier connection or
process remembered. A build is uploaded as ``<name>.part``, compared by its size, and then renamed; so a file
with the final name is complete, even if the reply to the renaming was lost.
"""

import asyncio
import contextlib
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from bot.core.ports import Progress
from bot.errors import Refused, SubmissionError
from bot.scanners.http.build_file import BuildChanged, BuildFile
from bot.scanners.http.upload import BUILD_CHANGED
from bot.scanners.onetrust.file_server import sentences
from bot.scanners.onetrust.file_server.session import (
    Connect,
    ConnectionBroken,
    FileServerSession,
    FileServerTimeouts,
    NotResumed,
    try_later,
)
from bot.scanners.onetrust.file_server_address import FileServerAddress

PART = ".part"
"""The suffix of a file's name during its upload."""

_T = TypeVar("_T")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_CHECK_CONTENT = b"appscan tries whether it may write here\n"


@dataclass(eq=False, repr=False)
class FileServer:
    """Where builds are uploaded.

    ``name`` has letters, digits, ``.``, ``_`` and ``-``, and always means the same content: a later call with
    the same name and size resumes an interrupted upload.

    Raises:
        Refused: a person has to fix something: a login, a right, a certificate, a folder.
        TryLater: the server can't be reached, stalls, is full, or the connection breaks too often.
    """

    address: FileServerAddress
    connect: Connect
    timeouts: FileServerTimeouts
    _is_away: bool = field(init=False, default=False)
    """Whether the last upload failed without a login."""

    async def upload(
        self,
        path: Path,
        name: str,
        *,
        size_bytes: int,
        progress: Progress,
        note: Callable[[str], Awaitable[None]],
    ) -> int:
        """Upload the build at ``path``, over several connections as long as they make progress.

        Its name ends in ``.part`` until it is complete. ``note`` shows a sentence to the people who wait.
        Return the bytes sent: fewer if an earlier upload was resumed, more if some were lost.
        """
        _check_name(name)
        upload = _Upload(self.timeouts, path, name, size_bytes, progress, note)
        try:
            async with asyncio.timeout(self.timeouts.total_s(size_bytes)):
                await self._persist(upload)
        except TimeoutError:
            raise try_later(sentences.TOO_SLOW) from None
        return upload.sent_bytes

    async def _persist(self, upload: "_Upload") -> None:
        """Connect until the upload is complete; pauses grow while there is no progress.

        If the last upload could not log in, one connection is tried, as builds on other routes wait for it.
        """
        failures = 0
        while True:
            entered, arrived = False, upload.arrived
            try:
                async with self._session() as session:
                    entered, self._is_away = True, False
                    return await upload.resume(session)
            except ConnectionBroken as exc:
                has_progressed = arrived is not None and upload.arrived != arrived
                failures = 0 if has_progressed else failures + 1
                reason = str(exc)
                sentence = exc.sentence or (sentences.BREAKS if entered else sentences.NOT_REACHED)
            if failures >= self.timeouts.attempts or (self._is_away and not entered):
                self._is_away = not entered
                raise try_later(sentence, f"{sentence} {reason}")
            await self.timeouts.sleep(self.timeouts.backoff.delay_s(failures))

    async def remove(self, name: str) -> bool:
        """Remove a build and its incomplete upload; return whether there was either."""
        _check_name(name)
        async with self._one_session() as session:
            existing = [each for each in (name, name + PART) if await session.size(each) is not None]
            for each in existing:
                await session.delete(each)
            return bool(existing)

    async def check(self) -> None:
        """Log in, enter the folder, and open a data connection; changes nothing."""
        async with self._one_session() as session:
            await session.knock()

    async def try_out(self) -> None:
        """Upload, rename and remove a file of a few bytes with a unique name.

        It stays there only if the login may not remove files, or the connection breaks.
        """

        async def ignore(_: str) -> None:
            pass

        name = f"appscan-check-{secrets.token_hex(8)}"
        with TemporaryDirectory(prefix="appscan-check-") as folder:
            path = Path(folder) / name
            path.write_bytes(_CHECK_CONTENT)
            upload = _Upload(self.timeouts, path, name, len(_CHECK_CONTENT), lambda *_: None, ignore)
            async with self._one_session() as session:
                try:
                    await upload.resume(session)
                except SubmissionError:
                    with contextlib.suppress(SubmissionError, ConnectionBroken):
                        await session.delete(name + PART)
                    raise
                await session.delete(name)

    @contextlib.asynccontextmanager
    async def _one_session(self) -> AsyncIterator[FileServerSession]:
        """Give a session for a few commands; if it breaks, the server can't be reached."""
        try:
            async with self._session() as session, asyncio.timeout(self.timeouts.answer_s):
                yield session
        except TimeoutError:
            raise try_later(sentences.STALLED, "the server stalled") from None
        except ConnectionBroken as exc:
            raise try_later(exc.sentence or sentences.NOT_REACHED, str(exc)) from None

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[FileServerSession]:
        try:
            async with asyncio.timeout(self.timeouts.enter_s):
                session = await self.connect(self.address)
        except TimeoutError:
            raise ConnectionBroken("logging in timed out") from None
        try:
            yield session
            with contextlib.suppress(TimeoutError, ConnectionBroken):
                async with asyncio.timeout(self.timeouts.goodbye_s):
                    await session.leave()
        finally:
            await session.drop()


@dataclass(eq=False, repr=False)
class _Upload:
    """The upload of one build, over all its connections."""

    timeouts: FileServerTimeouts
    path: Path
    name: str
    size: int
    progress: Progress
    note: Callable[[str], Awaitable[None]]
    sent_bytes: int = field(init=False, default=0)
    _can_resume: bool = field(init=False, default=True)
    _mismatches: int = field(init=False, default=0)
    arrived: int | None = field(init=False, default=None)
    """The most bytes that the server had at the start of a connection; ``None`` before the first.

    It rises by 1 % of the build at least, so that the number of connections is bounded.
    """

    async def resume(self, session: FileServerSession) -> None:
        """Continue the upload over one connection.

        Raises:
            ConnectionBroken: another connection may continue it.
        """
        existing = await self._answered(session.size(self.name))
        if existing == self.size:
            self.progress(self.size, self.size)
            return
        if existing is not None:
            await self._answered(session.delete(self.name))
        while True:
            await self._store(session, await self._offset(session))
            arrived = await self._answered(session.size(self._part))
            if arrived == self.size:
                break
            self._mismatches += 1
            if arrived is not None:
                await self._answered(session.delete(self._part))
            if self._mismatches > 1:
                detail = f"{arrived} bytes arrived at the FTP server in place of {self.size}"
                raise try_later(sentences.MISMATCH, detail)
        await self._answered(session.rename(self._part, self.name))

    @property
    def _part(self) -> str:
        return self.name + PART

    async def _offset(self, session: FileServerSession) -> int:
        """Return the bytes of the build that need not be sent."""
        existing = await self._answered(session.size(self._part))
        if existing is not None and existing <= self.size and self._can_resume:
            if self.arrived is None or existing >= self.arrived + max(self.size // 100, 1):
                self.arrived = existing
            if existing > session.unsure_bytes or existing == self.size == 0:
                return existing - min(session.unsure_bytes, existing)
        if existing is not None:  # removed rather than overwritten, which default ProFTPD refuses
            await self._remove_part(session)
        self.arrived = self.arrived or 0
        return 0

    async def _store(self, session: FileServerSession, offset: int) -> None:
        if offset == self.size and offset:
            return
        try:
            await self._send(session, offset)
        except NotResumed:
            self._can_resume = False
            await self.note(sentences.STARTED_OVER)
            await self._remove_part(session)
            await self._send(session, 0)

    async def _remove_part(self, session: FileServerSession) -> None:
        # Where files can't be removed they may still be overwritten, and if not, storing says so.
        with contextlib.suppress(Refused):
            await self._answered(session.delete(self._part))

    async def _send(self, session: FileServerSession, offset: int) -> None:
        timeouts, loop = self.timeouts, asyncio.get_running_loop()
        deadline = asyncio.timeout(timeouts.silence_s)
        before = offset

        def moved(done: int) -> None:
            nonlocal before
            self.sent_bytes += max(done - before, 0)
            before = done
            if not deadline.expired():
                wait_s = timeouts.silence_s if done < self.size else timeouts.finish_s
                deadline.reschedule(loop.time() + wait_s)
            self.progress(done, self.size)

        file = BuildFile(self.path, self.size)
        try:
            await asyncio.to_thread(file.open, offset)
            async with deadline:
                await session.store(self._part, file, offset=offset, moved=moved)
        except TimeoutError:
            raise ConnectionBroken("the server stalled") from None
        except BuildChanged:
            raise try_later(BUILD_CHANGED) from None
        finally:
            await asyncio.to_thread(file.close)

    async def _answered(self, call: Coroutine[Any, Any, _T]) -> _T:
        try:
            async with asyncio.timeout(self.timeouts.answer_s):
                return await call
        except TimeoutError:
            raise ConnectionBroken("the server did not answer in time") from None


def _check_name(name: str) -> None:
    """Raise ``ValueError`` for a name that could be more than a file's name in the folder."""
    if not _NAME.fullmatch(name) or name.endswith(PART):
        raise ValueError("no name for a file on the file server")
