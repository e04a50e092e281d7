"""The cloud service API at ``/api/v1``.

In this order a call is refused: in maintenance (403), without a login (401) or with two (400), beyond a rate
(429), without ``Content-Type: application/json`` on a POST (415), with a body that is no JSON (400), and last
for what it asks. A POST without a body is taken where none is needed.
"""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, points
from sandbox.front import FIELDS, Front, Refusal, Worked, takes
from sandbox.zscaler.authorization import Authorization
from sandbox.zscaler.limits import HEAVY, LIGHT, RARE, Limits, Rate
from sandbox.zscaler.records import Activation, Login, Logout, LookUp
from sandbox.zscaler.reports import Reports
from sandbox.zscaler.sessions import Sessions, not_logged_in, wrong_input
from sandbox.zscaler.world import World

BASE = "/api/v1"
COOKIE = "JSESSIONID"

_RATES: dict[str, tuple[Rate, ...]] = {
    "cloud.login": (),
    "cloud.logout": (),
    "cloud.lookup": HEAVY,
    "cloud.status": LIGHT,
    "cloud.activate": RARE,
    "cloud.quota": LIGHT,
    "cloud.report": LIGHT,
}
POINTS = points(_RATES, *FIELDS, "value")

_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_MOST_URLS = 100
_LONGEST_URL = 1024

Handle = Callable[[web.Request, Any], Worked]
"""Does what a call asks for, given its JSON, and returns its answer; may raise ``Refusal``."""


class Cloud:
    """The API of one tenant, and what came to it."""

    def __init__(
        self,
        front: Front,
        limits: Limits,
        world: World,
        *,
        authorization: Authorization,
        sessions: Sessions,
        reports: Reports,
        now: Callable[[], float],
    ) -> None:
        self.logins: list[Login] = []
        self.logouts: list[Logout] = []
        self.look_ups: list[LookUp] = []
        self.activations: list[Activation] = []
        self._front = front
        self._limits = limits
        self._world = world
        self._authorization = authorization
        self._sessions = sessions
        self._reports = reports
        self._now = now

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the API's routes."""
        session = f"{BASE}/authenticatedSession"
        router.add_post(session, self._handler("cloud.login", self._login))
        router.add_delete(session, self._handler("cloud.logout", self._logout))
        router.add_post(f"{BASE}/urlLookup", self._handler("cloud.lookup", self._look_up))
        router.add_get(f"{BASE}/status", self._handler("cloud.status", self._status))
        router.add_post(f"{BASE}/status/activate", self._handler("cloud.activate", self._activate))
        router.add_get(f"{BASE}/sandbox/report/quota", self._handler("cloud.quota", self._quota))
        router.add_get(f"{BASE}/sandbox/report/{{md5}}", self._handler("cloud.report", self._report))

    def _handler(self, point: str, handle: Handle) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            body = await request.read()

            async def work(fault: Fault | None) -> Worked:
                if not takes(fault):
                    return 200, {}
                if request.method != "GET":
                    self._world.check_writable()
                if point != "cloud.login":
                    self._check_login(request)
                self._limits.take(point, _RATES[point])
                return handle(request, _read(request, body))

            facts = dict(request.match_info) | dict(request.query)
            return await self._front.call(request, point, work, facts=facts, early_status=200)

        return answer

    def _check_login(self, request: web.Request) -> None:
        authorization, session = request.headers.get("Authorization"), request.cookies.get(COOKIE)
        if authorization is not None and session is not None:
            raise wrong_input("a bearer and a session at once")
        if authorization is None:
            self._sessions.use(session or "")
            return
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not self._authorization.is_live(token):
            raise not_logged_in()

    def _login(self, _request: web.Request, asked: Any) -> Worked:
        try:
            session = self._sessions.open(asked)
        except Refusal:
            self.logins.append(Login(at=self._now(), way="session", accepted=False))
            raise
        self.logins.append(Login(at=self._now(), way="session", accepted=True))
        headers = {"Set-Cookie": f"{COOKIE}={session}; Path=/; HttpOnly"}
        return 200, {"authType": "ADMIN_LOGIN", "obfuscateApiKey": True}, headers

    def _logout(self, request: web.Request, _asked: Any) -> Worked:
        session = request.cookies.get(COOKIE)
        if session is None:
            raise not_logged_in()
        self._sessions.close(session)
        activated = self._world.activate() != "ACTIVE"
        self.logouts.append(Logout(at=self._now(), activated=activated))
        return 200, {"status": "ACTIVE"}

    def _look_up(self, _request: web.Request, asked: Any) -> Worked:
        if not isinstance(asked, list) or not 1 <= len(asked) <= _MOST_URLS:
            raise wrong_input(f"the body must be an array of 1 to {_MOST_URLS} URLs")
        if not all(isinstance(url, str) and 1 <= len(url) <= _LONGEST_URL for url in asked):
            raise wrong_input(f"a URL must be a string of at most {_LONGEST_URL} characters")
        self.look_ups.append(LookUp(at=self._now(), urls=tuple(asked)))
        return 200, [self._world.classify(url) for url in asked]

    def _status(self, _request: web.Request, _asked: Any) -> Worked:
        return 200, {"status": self._world.activation}

    def _activate(self, _request: web.Request, _asked: Any) -> Worked:
        self.activations.append(Activation(at=self._now(), before=self._world.activate()))
        return 200, {"status": self._world.activation}

    def _quota(self, _request: web.Request, _asked: Any) -> Worked:
        return 200, self._reports.told_quota()

    def _report(self, request: web.Request, _asked: Any) -> Worked:
        md5, details = request.match_info["md5"], request.query.get("details", "summary")
        if not _MD5.fullmatch(md5):
            raise wrong_input("this is no MD5")
        if details not in {"summary", "full"}:
            raise wrong_input("details is neither summary nor full")
        return 200, self._reports.read(md5, details)


def _read(request: web.Request, body: bytes) -> Any:
    """Return the JSON of a POST; ``None`` where it has no body, and for other methods.

    Raises:
        Refusal: it is none.
    """
    if request.method != "POST":
        return None
    if request.content_type != "application/json":
        why = "Content-Type must be application/json"
        raise Refusal(415, why, answer={"code": "UNSUPPORTED_MEDIA_TYPE", "message": why})
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as exc:
        raise wrong_input("the body is no JSON") from exc
