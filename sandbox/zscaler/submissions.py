"""The Sandbox Submission API at ``/zscsb``: files are hashed as they come, and never kept.

A file over the limit is answered 413, when so many of its bytes have come. ``code`` is now a string, now a
number, and where nothing was found the virus is called ``None`` in one answer and nothing in the next:
clients have met all of it. The MD5 is told in capital letters.
Source: https://help.zscaler.com/zia/sandbox-submission-api
"""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, points
from sandbox.front import FIELDS, Cut, Front, Refusal, Worked, takes
from sandbox.zscaler.limits import DayQuota, too_many
from sandbox.zscaler.records import Submission, Way
from sandbox.zscaler.reports import Reports
from sandbox.zscaler.world import World

BASE = "/zscsb"
POINTS = points(["sandbox.submit", "sandbox.discan"], *FIELDS, "cut_after", "hold_after", "value")
_CHUNK = 256 * 1024
_MANIFEST = re.compile(rb"\x00AndroidManifest\.xml")
"""An entry of that name, at the root of an archive: nothing but the zeros of a header stands before it."""
_REACH = 32


class Submissions:
    """The API with one token, and the files that it took; ``largest`` is how many bytes a file may have."""

    def __init__(
        self,
        front: Front,
        world: World,
        reports: Reports,
        *,
        token: str,
        a_day: int,
        now: Callable[[], float],
    ) -> None:
        self.received: list[Submission] = []
        self.largest: dict[Way, int] = {"submit": 20_000_000, "discan": 400_000_000}
        self.quota = DayQuota(now, a_day)
        self._front = front
        self._world = world
        self._reports = reports
        self._token = token
        self._now = now
        self._answered = 0

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the API's routes."""
        router.add_post(f"{BASE}/submit", self._handler("submit"))
        router.add_post(f"{BASE}/discan", self._handler("discan"))

    def _handler(self, way: Way) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            async def work(fault: Fault | None) -> Worked:
                return 200, await self._take(request, way, fault)

            facts = {"force": request.query.get("force", "")}
            return await self._front.call(request, f"sandbox.{way}", work, facts=facts, early_status=200)

        return handle

    async def _take(self, request: web.Request, way: Way, fault: Fault | None) -> dict[str, Any]:
        if not hmac.compare_digest(request.query.get("api_token", "").encode(), self._token.encode()):
            raise _refusal(401, "the API token is missing or wrong")
        force = request.query.get("force", "0")
        if force not in {"0", "1"} or (way == "discan" and "force" in request.query):
            raise _refusal(400, "force is neither 0 nor 1, or not for this call")
        if request.content_type != "application/octet-stream":
            raise _refusal(415, "the body must be application/octet-stream")
        if way == "submit" and not self.quota.unused:
            raise too_many(self.quota.allowed, "DAY", self.quota.left_s)
        file = await _File.read(request, self.largest[way], fault)
        if not takes(fault):
            return {}
        if way == "submit" and not self.quota.take():
            raise too_many(self.quota.allowed, "DAY", self.quota.left_s)
        return self._accept(file, way, force=force == "1")

    def _accept(self, file: "_File", way: Way, *, force: bool) -> dict[str, Any]:
        file_type = "apk" if file.is_apk and "apk" in self._world.covered else "Unknown"
        virus = self._world.known_bad.get(file.md5)
        again = self._reports.has_verdict(file.md5) or virus is not None
        analysed = way == "submit" and file_type != "Unknown" and (force or not again)
        submission = Submission(
            at=self._now(),
            way=way,
            md5=file.md5,
            sha1=file.sha1,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            force=force,
            file_type=file_type,
            analysed=analysed,
        )
        self.received.append(submission)
        if way == "discan" or analysed:
            self._reports.take(submission)
        self._answered += 1
        odd = self._answered % 2 == 1
        name, kind = virus or (("None", "None") if odd else ("", ""))
        answer: dict[str, Any] = {
            "code": "200" if odd else 200,
            "message": f"/{way} response OK",
            "fileType": file_type,
            "md5": file.md5.upper(),
            "virusName": name,
            "virusType": kind,
        }
        if way == "submit":
            submitted = "Submitted" if analysed else "Not Submitted"
            answer["sandboxSubmission"] = virus[1] if virus and not analysed else submitted
        return answer


class _File:
    """What is told by the bytes of one file."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self.is_apk = False
        self._digests = [hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha256")]

    @classmethod
    async def read(cls, request: web.Request, limit_bytes: int, fault: Fault | None) -> "_File":
        """Read a body; ``fault`` may hold it or cut it on the way.

        Raises:
            Refusal: it is empty, or too big.
            Cut: the fault says so.
            ConnectionError: the client went away.
        """
        file, tail, is_zip, held = cls(), b"", False, False
        async for chunk in request.content.iter_chunked(_CHUNK):
            is_zip = is_zip or (file.size_bytes == 0 and chunk.startswith(b"PK\x03\x04"))
            file.size_bytes += len(chunk)
            if file.size_bytes > limit_bytes:
                raise _refusal(413, "the file is too big")
            for digest in file._digests:
                digest.update(chunk)
            file.is_apk = file.is_apk or (is_zip and _MANIFEST.search(tail + chunk) is not None)
            tail = chunk[-_REACH:]
            if fault is not None and not held and fault.gate and file.size_bytes > fault.hold_after:
                held = True
                await fault.hold()
            if fault is not None and fault.cut_after is not None and file.size_bytes >= fault.cut_after:
                raise Cut
        if not file.size_bytes:
            raise _refusal(400, "the body is empty")
        return file

    @property
    def md5(self) -> str:
        """In small letters, as the others."""
        return self._digests[0].hexdigest()

    @property
    def sha1(self) -> str:
        """SHA-1."""
        return self._digests[1].hexdigest()

    @property
    def sha256(self) -> str:
        """SHA-256."""
        return self._digests[2].hexdigest()


def _refusal(status: int, why: str) -> Refusal:
    return Refusal(status, why, answer={"code": status, "message": why})
