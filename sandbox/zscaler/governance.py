"""The 3rd-Party App Governance API at ``/v1``.

Every call with a good key and one question counts on the day's limit, beyond which it is 409. An app that is
not known yet is taken for analysis (202) when it is first asked for, and is known a day later.
Source: https://help.zscaler.com/zia/apptotal-api
"""

import hmac
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, points
from sandbox.front import FIELDS, Front, Refusal, Worked, takes
from sandbox.zscaler.limits import DayQuota
from sandbox.zscaler.records import GovernanceCall
from sandbox.zscaler.world import World

BASE = "/v1"
POINTS = points(["governance.app"], *FIELDS, "value")
ANALYSIS_S = 86400.0
"""How long an app that nobody knew is analysed."""

ONEDRIVE_FREE_CLIENT: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("onedrive_free_client.json").read_text(encoding="utf-8")
)
"""The app of Zscaler's own example."""


class Governance:
    """The API with one key; apps are known by their IDs or addresses."""

    def __init__(self, front: Front, world: World, *, key: str, a_day: int, now: Callable[[], float]) -> None:
        self.quota = DayQuota(now, a_day)
        self.calls: list[GovernanceCall] = []
        self._front = front
        self._world = world
        self._key = key
        self._now = now
        self._apps: dict[str, Mapping[str, Any]] = {}
        self._analysed: dict[str, tuple[Mapping[str, Any], float | None]] = {}
        self.add_app(ONEDRIVE_FREE_CLIENT, ONEDRIVE_FREE_CLIENT["clientId"])

    def add_app(self, told: Mapping[str, Any], *names: str) -> None:
        """Let an app be known by IDs and addresses; ``told`` is what is answered."""
        self._apps |= dict.fromkeys(names, told)

    def add_unknown(self, name: str, told: Mapping[str, Any] | None = None) -> None:
        """Let an ID or address be taken for analysis; ``told`` is what is known after it."""
        self._analysed[name] = ({**ONEDRIVE_FREE_CLIENT, "name": name} if told is None else told, None)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the API's route."""
        router.add_get(f"{BASE}/apps/app", self._get)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        async def work(fault: Fault | None) -> Worked:
            return self._answer(request) if takes(fault) else (200, {})

        facts = dict(request.query)
        return await self._front.call(request, "governance.app", work, facts=facts, early_status=200)

    def _answer(self, request: web.Request) -> Worked:
        if not hmac.compare_digest(request.headers.get("X-API-KEY", "").encode(), self._key.encode()):
            raise Refusal(401, "Unauthorized")
        if not self._world.governance_allowed:
            raise Refusal(403, "Forbidden")
        app_id, url = request.query.get("app_id"), request.query.get("url")
        if bool(app_id) == bool(url):
            raise Refusal(400, "Give either app_id or url")
        name = app_id or url or ""
        status, told = self._look_up(name) if self.quota.take() else (409, {"message": "Rate limit exceeded"})
        self.calls.append(GovernanceCall(at=self._now(), app_id=app_id, url=url, status=status))
        left = {"X-Rate-Limit-Remaining": str(self.quota.unused)} if status < 300 else {}
        return status, told, left

    def _look_up(self, name: str) -> tuple[int, Mapping[str, Any]]:
        if name in self._apps:
            return 200, self._apps[name]
        if name not in self._analysed:
            return 404, {"message": "App not found"}
        told, since = self._analysed[name]
        if since is None:
            self._analysed[name] = (told, self._now())
        elif self._now() - since >= ANALYSIS_S:
            return 200, told
        return 202, {"message": "App was submitted for analysis"}
