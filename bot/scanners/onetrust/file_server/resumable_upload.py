"""Uploading a build to the depot over connections that break, by FTP, FTPS or SFTP.

Every connection first asks for the sizes on the server, so nothing depends on what an earlier connection or
process remembered. A build is uploaded as ``<name>.part``, compared by its size, and then renamed; so a file
with the final name is complete, even if the reply to the renaming was lost.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from bot.core.ports import Progress
from bot.errors import Refused, SubmissionError, TryLater
from bot.scanners.http.build_file import BuildChanged, BuildFile
from bot.scanners.onetrust.file_server import sentences
from bot.scanners.onetrust.file_server.interfaces import (
    PART,
    ConnectionBroken,
    FileServerEndpoint,
    FileServerSession,
    FileServerTimeouts,
    Note,
    NotResumed,
    Uploaded,
    check_name,
)
from bot.scanners.onetrust.file_server_address import FileServerAddress
from bot.scanners.onetrust.upload_client import BUILD_CHANGED

_T = TypeVar("_T")
_TRIED = b"appscan tries whether it may write here\n"


class ResumableUploader:
    """Uploads that are resumed. Implements the ``Depot`` port.

    Trouble with the depot says nothing about OneTrust: no ``TryLater`` counts as the scanner's failure.
    """

    def __init__(
        self, address: FileServerAddress, door: FileServerEndpoint, patience: FileServerTimeouts
    ) -> None:
        self._address = address
        self._door = door
        self._patience = patience
        self._is_away = False
        """Whether the last upload failed without a login."""

    async def upload(
        self, path: Path, name: str, *, size_bytes: int, progress: Progress, note: Note
    ) -> Uploaded:
        """Upload the build at ``path``, over several connections as long as they make progress."""
        check_name(name)
        upload = _Upload(self._patience, path, name, size_bytes, progress, note)
        try:
            async with asyncio.timeout(self._patience.total_s(size_bytes)):
                await self._persist(upload)
        except TimeoutError:
            raise TryLater(sentences.TOO_SLOW, scanner_failed=False) from None
        return Uploaded(path=self._address.path_of(name), size_bytes=size_bytes, sent_bytes=upload.sent_bytes)

    async def _persist(self, upload: "_Upload") -> None:
        """Connect until the upload is complete; pauses grow while there is no progress.

        If the last upload could not log in, one connection is tried, as builds on other routes wait for it.
        """
        patience, in_vain = self._patience, 0
        while True:
            entered = False
            try:
                async with self._session() as session:
                    entered, self._is_away = True, False
                    return await upload.go_on(session)
            except ConnectionBroken as exc:
                in_vain = 0 if upload.has_progressed() else in_vain + 1
                reason = str(exc)
                sentence = exc.sentence or (sentences.BREAKS if entered else sentences.NOT_REACHED)
            if in_vain >= patience.attempts or (self._is_away and not entered):
                self._is_away = not entered
                raise TryLater(sentence, scanner_failed=False, detail=f"{sentence} {reason}")
            await patience.sleep(patience.backoff.delay_s(in_vain))

    async def remove(self, name: str) -> bool:
        """Remove a build and its incomplete upload, if they exist."""
        check_name(name)
        async with self._one_session() as session:
            there = [each for each in (name, name + PART) if await session.size(each) is not None]
            for each in there:
                await session.delete(each)
            return bool(there)

    async def check(self) -> None:
        """Log in, enter the folder, and open a data connection."""
        async with self._one_session() as session:
            await session.knock()

    async def try_out(self) -> None:
        """Write, measure, rename and remove a file of a few bytes."""
        name = f"appscan-check-{secrets.token_hex(8)}"
        with TemporaryDirectory(prefix="appscan-check-") as folder:
            path = Path(folder) / name
            path.write_bytes(_TRIED)
            upload = _Upload(self._patience, path, name, len(_TRIED), lambda *_: None, _to_nobody)
            async with self._one_session() as session:
                try:
                    await upload.go_on(session)
                except SubmissionError:
                    with contextlib.suppress(SubmissionError, ConnectionBroken):
                        await session.delete(name + PART)
                    raise
                await session.delete(name)

    @contextlib.asynccontextmanager
    async def _one_session(self) -> AsyncIterator[FileServerSession]:
        """Give a session for a few commands; where it breaks, it can't be reached."""
        try:
            async with self._session() as session, asyncio.timeout(self._patience.answer_s):
                yield session
            return
        except TimeoutError:
            failure = TryLater(sentences.STALLED, scanner_failed=False, detail="the server stalled")
        except ConnectionBroken as exc:
            failure = TryLater(exc.sentence or sentences.NOT_REACHED, scanner_failed=False, detail=str(exc))
        raise failure

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[FileServerSession]:
        try:
            async with asyncio.timeout(self._patience.enter_s):
                session = await self._door.enter()
        except TimeoutError:
            raise ConnectionBroken("the server did not let the bot in, in time") from None
        try:
            yield session
            with contextlib.suppress(TimeoutError, ConnectionBroken):
                async with asyncio.timeout(self._patience.goodbye_s):
                    await session.leave()
        finally:
            await session.drop()


async def _to_nobody(_: str) -> None:
    """Ignore a note."""


class _Upload:
    """The upload of one build, over all its connections."""

    def __init__(
        self,
        patience: FileServerTimeouts,
        path: Path,
        name: str,
        size_bytes: int,
        progress: Progress,
        note: Note,
    ) -> None:
        self._patience = patience
        self._path = path
        self._name = name
        self._size = size_bytes
        self._progress = progress
        self._note = note
        self._resumes = True
        self._mismatches = 0
        self._arrived: int | None = None
        """The most bytes that the server had at the start of a connection; ``None`` before the first."""
        self._moved_on = False
        self.sent_bytes = 0

    def has_progressed(self) -> bool:
        """Return, once, whether noticeably more had arrived; so the number of connections is bounded."""
        moved_on, self._moved_on = self._moved_on, False
        return moved_on

    async def go_on(self, session: FileServerSession) -> None:
        """Continue the upload over one connection.

        Raises:
            Broken: another connection may continue it.
        """
        if await self._is_there(session):
            self._progress(self._size, self._size)
            return
        while True:
            await self._store(session, await self._begin(session))
            arrived = await self._ask_size(session, self._part)
            if arrived == self._size:
                break
            self._mismatches += 1
            if arrived is not None:
                await self._answered(session.delete(self._part))
            if self._mismatches > 1:
                raise TryLater(
                    sentences.MISMATCH,
                    scanner_failed=False,
                    detail=f"{arrived} bytes arrived at the depot in place of {self._size}",
                )
        await self._answered(session.rename(self._part, self._name))

    @property
    def _part(self) -> str:
        return self._name + PART

    async def _is_there(self, session: FileServerSession) -> bool:
        """Return whether the build is complete; removes a file of its name with another size."""
        there = await self._ask_size(session, self._name)
        if there is not None and there != self._size:
            await self._answered(session.delete(self._name))
        return there == self._size

    async def _begin(self, session: FileServerSession) -> int:
        """Return the bytes of the build that need not be sent."""
        there = await self._ask_size(session, self._part)
        if there is not None and there <= self._size and self._resumes:
            if self._arrived is None or there >= self._arrived + max(self._size // 100, 1):
                self._moved_on = self._arrived is not None
                self._arrived = there
            if there > session.unsure_bytes or there == self._size == 0:
                return there - min(session.unsure_bytes, there)
        if there is not None:  # removed rather than overwritten, which default ProFTPD refuses
            await self._remove_part(session)
        if self._arrived is None:
            self._arrived = 0
        return 0

    async def _store(self, session: FileServerSession, offset: int) -> None:
        if offset == self._size and offset:
            return
        try:
            await self._send(session, offset)
        except NotResumed:
            self._resumes = False
            await self._note(sentences.STARTED_OVER)
            await self._remove_part(session)
            await self._send(session, 0)

    async def _remove_part(self, session: FileServerSession) -> None:
        # Where files can't be removed they may still be overwritten, and if not, storing says so.
        with contextlib.suppress(Refused):
            await self._answered(session.delete(self._part))

    async def _send(self, session: FileServerSession, offset: int) -> None:
        patience, loop = self._patience, asyncio.get_running_loop()
        deadline = asyncio.timeout(patience.silence_s)
        before = offset

        def moved(done: int) -> None:
            nonlocal before
            self.sent_bytes += max(done - before, 0)
            before = done
            if not deadline.expired():
                wait_s = patience.silence_s if done < self._size else patience.finish_s
                deadline.reschedule(loop.time() + wait_s)
            self._progress(done, self._size)

        file = BuildFile(self._path, self._size)
        changed = False
        try:
            await asyncio.to_thread(file.open, offset)
            async with deadline:
                await session.store(self._part, file, offset=offset, moved=moved)
        except TimeoutError:
            raise ConnectionBroken("the server stalled") from None
        except BuildChanged:
            changed = True
        finally:
            await asyncio.to_thread(file.close)
        if changed:
            raise TryLater(BUILD_CHANGED, scanner_failed=False)

    async def _ask_size(self, session: FileServerSession, name: str) -> int | None:
        return await self._answered(session.size(name))

    async def _answered(self, call: Coroutine[Any, Any, _T]) -> _T:
        try:
            async with asyncio.timeout(self._patience.answer_s):
                return await call
        except TimeoutError:
            raise ConnectionBroken("the server did not answer in time") from None
