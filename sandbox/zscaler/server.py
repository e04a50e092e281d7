"""The stand-in's server: its addresses, its state, and the faults it is told to have.

The faults are those of ``sandbox/onetrust/server.py``. What a point would do is done where the status is 2xx
or not set, or with ``answer_lost``, or with ``value="taken"``; ``value="early"`` answers before anything is
looked at, or read of a file. A service that takes connections and never answers is ``hold``, ``times=None``.
"""

import uuid
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any, Self, TypeVar

from aiohttp import web

from sandbox.changes import Changes
from sandbox.clock import Clock
from sandbox.control import Json, answered
from sandbox.faults import Fault, Faults, points
from sandbox.front import FIELDS, Call, Front, Refusal, Worked, takes
from sandbox.zscaler import authorization, cloud, governance, submissions
from sandbox.zscaler.authorization import Authorization
from sandbox.zscaler.cloud import Cloud
from sandbox.zscaler.control import control
from sandbox.zscaler.governance import Governance
from sandbox.zscaler.limits import DayQuota, Limits
from sandbox.zscaler.records import (
    Activation,
    GovernanceCall,
    Login,
    Logout,
    LookUp,
    ReportCall,
    Submission,
    Way,
)
from sandbox.zscaler.reports import Reports, Type
from sandbox.zscaler.sessions import Sessions
from sandbox.zscaler.submissions import Submissions
from sandbox.zscaler.world import World

T = TypeVar("T")

POINTS = (*points(["oauth.token"], *FIELDS, "value"), *cloud.POINTS, *submissions.POINTS, *governance.POINTS)
"""Everything that can go wrong at Zscaler, and at the authorization server."""

_TOKEN = "/as/token.oauth2"


class ZscalerSandbox:
    """Zscaler on loopback: ``async with ZscalerSandbox() as zscaler: …``.

    All its services have one origin and a base path each. ``clock`` ages tokens, sessions, rates, quotas and
    analyses; ``report_s`` is how long an analysis takes. Without ``strict_rates`` no call is too fast, while
    the quotas by the day stay. ``port`` 0 takes any that is free.
    """

    def __init__(
        self,
        *,
        cloud: str = "zscaler.net",
        org_id: str = "8956412",
        api_role: str = "appscan",
        client_id: str = "sandbox-zscaler-client",
        client_secret: str = "sandbox secret: 50%+/=",
        username: str = "appscan@example.com",
        password: str = "sandbox pässword: 50%",
        token_lifetime_s: int = 7199,
        report_s: float = 600.0,
        reports_a_day: int = 1000,
        submissions_a_day: int = 100,
        governance_calls_a_day: int = 25,
        strict_rates: bool = True,
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        now = self.clock.now
        self.cloud = cloud
        self.org_id = org_id
        self.api_role = api_role
        self.client_id = client_id
        self.client_secret = client_secret
        self.username = username
        self.password = password
        self.api_key = uuid.uuid4().hex[:12]
        self.sandbox_token = "sandbox-token-" + uuid.uuid4().hex
        self.apptotal_key = "apptotal-key-" + uuid.uuid4().hex
        self.world = World()
        self._changes = Changes()
        self.faults = Faults(POINTS, self._changes.tell)
        self.limits = Limits(now, strict=strict_rates)
        self.authorization = Authorization(
            client_id, client_secret, self.scope, lifetime_s=token_lifetime_s, now=now
        )
        self.sessions = Sessions(username, password, self.api_key, now)
        self.reports = Reports(now, report_s=report_s, quota=reports_a_day)
        self._front = Front(
            self.clock,
            self.faults,
            self._changes.tell,
            error=_error,
            cached_risk=_cached_risk,
            headers=lambda: {"Date": formatdate(now(), usegmt=True), "Server": "Zscaler"},
        )
        self._cloud = Cloud(
            self._front,
            self.limits,
            self.world,
            authorization=self.authorization,
            sessions=self.sessions,
            reports=self.reports,
            now=now,
        )
        self._submissions = Submissions(
            self._front, self.world, self.reports, token=self.sandbox_token, a_day=submissions_a_day, now=now
        )
        self.governance = Governance(
            self._front, self.world, key=self.apptotal_key, a_day=governance_calls_a_day, now=now
        )
        self._port = port
        app = web.Application()
        app.router.add_post(_TOKEN, self._token)
        for service in (self._cloud, self._submissions, self.governance):
            service.add_to(app.router)
        app.router.add_post("/control/{verb}", self._control)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.faults.clear()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        """The base URL of the cloud service API."""
        return self.url + cloud.BASE

    @property
    def sandbox_url(self) -> str:
        """The base URL of the Sandbox Submission API."""
        return self.url + submissions.BASE

    @property
    def apptotal_url(self) -> str:
        """The base URL of the 3rd-Party App Governance API."""
        return self.url + governance.BASE

    @property
    def token_url(self) -> str:
        """The token endpoint of the customer's authorization server."""
        return self.url + _TOKEN

    @property
    def scope(self) -> str:
        """The one scope that the client may have."""
        return f"{self.cloud}::{self.org_id}::{self.api_role}"

    @property
    def calls(self) -> list[Call]:
        """The calls that have ended."""
        return self._front.calls

    @property
    def cached_risks(self) -> list[Call]:
        """The GETs of the cloud service that lacked the dummy argument ``_`` against caching."""
        return [call for call in self.calls if call.cached_risk]

    @property
    def submissions(self) -> list[Submission]:
        """The files that were taken, oldest first."""
        return self._submissions.received

    @property
    def largest(self) -> dict[Way, int]:
        """How many bytes a file may have that comes for the Sandbox, or for an instant verdict."""
        return self._submissions.largest

    @property
    def submission_quota(self) -> DayQuota:
        """How many files may be submitted a day."""
        return self._submissions.quota

    @property
    def logins(self) -> list[Login]:
        """The requests for tokens and sessions."""
        return self._cloud.logins

    @property
    def logouts(self) -> list[Logout]:
        """The sessions that were ended by their clients."""
        return self._cloud.logouts

    @property
    def look_ups(self) -> list[LookUp]:
        """The calls that got categories."""
        return self._cloud.look_ups

    @property
    def activations(self) -> list[Activation]:
        """The calls that activated."""
        return self._cloud.activations

    @property
    def report_calls(self) -> list[ReportCall]:
        """The calls for reports that counted on the quota."""
        return self.reports.calls

    @property
    def governance_calls(self) -> list[GovernanceCall]:
        """The calls for apps that counted on the limit."""
        return self.governance.calls

    def verdict_for(
        self,
        md5: str | None,
        *,
        type: Type = "BENIGN",  # noqa: A002 - the field's name in the report
        category: str | None = None,
        score: int | None = None,
        malware: str = "",
        risks: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Say what the analysis of a file finds, or that of all others with ``None``."""
        self.reports.verdict_for(md5, type=type, category=category, score=score, malware=malware, risks=risks)

    def count(self, point: str) -> int:
        """Tell how many calls to a point have ended."""
        return sum(call.point == point for call in self.calls)

    def edit_locked(self, times: int = 1, point: str = "cloud.activate") -> None:
        """Refuse so many calls because somebody else holds the edit lock."""
        self.faults.add(point, status=409, error="EDIT_LOCK_NOT_AVAILABLE", times=times)

    def unavailable(self, times: int | None = 1, point: str = "cloud.*") -> None:
        """Refuse so many calls with 503; ``None`` for ever."""
        self.faults.add(point, status=503, error="SERVICE_UNAVAILABLE", times=times)

    async def until(self, predicate: Callable[[], T], timeout_s: float = 60.0) -> T:
        """Wait until ``predicate`` gives something true, and return that.

        Raises:
            TimeoutError: it did not in time.
        """
        return await self._changes.until(predicate, timeout_s, lambda: f"Zscaler's calls: {self.calls}")

    async def _control(self, request: web.Request) -> web.StreamResponse:
        async def run(verb: str, arguments: Json) -> Json:
            return await control(self, verb, arguments)

        return await answered(request, run)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()

        async def work(fault: Fault | None) -> Worked:
            if not takes(fault):
                return 400, {}
            if request.content_type != "application/x-www-form-urlencoded":
                raise Refusal(400, "invalid_request", answer={"error": "invalid_request"})
            pairs = [(name, value) for name, value in form.items() if isinstance(value, str)]
            status, answer = self.authorization.ask(request.headers.get("Authorization", ""), pairs)
            self._cloud.logins.append(Login(at=self.clock.now(), way="oauth", accepted=status == 200))
            return status, answer, authorization.HEADERS

        return await self._front.call(request, "oauth.token", work, early_status=200)


def _error(point: str, error: str) -> Any:
    """Return a fault's error as each service tells one."""
    if point == "oauth.token":
        return {"error": error}
    return {"message": error} if point == "governance.app" else {"code": error, "message": error}


def _cached_risk(request: web.Request) -> bool:
    return request.method == "GET" and request.path.startswith(cloud.BASE) and "_" not in request.query
