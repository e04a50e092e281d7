"""Submitting a build directly to the Applications API of Cookie Consent, without a workflow.

A rescan is one request. A new app is created first, and its ID is stored before its scan is requested: after
a failure between the two, the next attempt uses that application and creates no second one.

Source: https://developer.onetrust.com/onetrust/openapi/consent-preferences-cookie-consent.json
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bot.core.scan import FileType, Kind
from bot.errors import Uncertain, UnknownApp
from bot.features.submission.routes import Journal, Order, Receipt
from bot.scanners.http.status_codes import CHECK
from bot.scanners.onetrust.request_body import BuildBody, JsonBody
from bot.scanners.onetrust.status_codes import ADMIN, REFUSED, StatusMeaning, meaning_of, read_id
from bot.scanners.onetrust.upload_client import UploadClient

PATH: Final = "/api/cmp/v1/application"

LIMIT_BYTES: Final = 524_288_001
"""OneTrust takes 524,288,000 bytes and fewer."""

_SCOPE = f"The bot's OneTrust credential may not do this (403). {ADMIN} that it has the COOKIE scope."
_NO_API = (
    "OneTrust has no Applications API where the bot expects it (404). "
    f"{CHECK} `ONETRUST_URL`, or take `direct` out of `ONETRUST_ROUTES`."
)
_LATER = {401: f"OneTrust did not accept the bot's credentials (401). {CHECK} them.", 403: _SCOPE}

MAKING_REFUSED: Mapping[int, str] = {
    **REFUSED,
    **_LATER,
    400: "OneTrust would not make an application for this build (400). "
    f"{CHECK} `ONETRUST_ORG_ID` and `ONETRUST_SOLUTION_TYPE`.",
    404: _NO_API,
    413: f"OneTrust would not make an application for this build (413). {ADMIN} the name's length.",
}
"""Sentences for a rejected application, by status."""

SCAN_REFUSED: Mapping[int, str] = {
    **REFUSED,
    **_LATER,
    400: "OneTrust would not scan this build (400). Check that it is the app's own platform, and that its "
    "file is whole.",
    409: "OneTrust says that this clashes with what it has already (409). "
    "If a scan of the app is running, try again when it is done.",
    413: "OneTrust says that this build is too large (413): it takes builds of up to 524 MB here.",
}
"""Sentences for a rejected scan, by status."""

UNKNOWN_APP = "OneTrust knows no app with this ID (404)."
MADE_IS_GONE = (
    "OneTrust does not know the application that was made for this build (404): it may have been deleted "
    "there. Another try makes a new one."
)
MAYBE_MADE = (
    "OneTrust was asked to make an application for this build, and did not say that it did: one may be there "
    "now. The build itself was not sent. An app there without a scan is that one: delete it before this "
    "build is submitted again."
)
ELSEWHERE = (
    f"OneTrust's address leads elsewhere ({{status}}), and the bot does not follow. {CHECK} `ONETRUST_URL`."
)
OTHER_NO = f"OneTrust said no ({{status}}). {ADMIN} what the Applications API may do."
NO_SCAN_ID = "OneTrust said yes ({status}), but gave no scan ID."


class Direct:
    """The route by the Applications API. Implements the ``Route`` port.

    ``base_url`` is scheme, host and port. ``making`` and ``scanning`` send the two requests; ``org_id`` is
    the organization of new applications, ``None`` if none can be created. ``now`` is seconds since the epoch.
    """

    name: str = "direct"
    title: str = "the Applications API"
    limit_bytes: int = LIMIT_BYTES
    file_types: frozenset[FileType] = frozenset({FileType.IPA, FileType.APK, FileType.AAB})

    def __init__(
        self,
        base_url: str,
        *,
        making: UploadClient,
        scanning: UploadClient,
        org_id: str | None = None,
        solution_type: str = "API",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._url = base_url.rstrip("/") + PATH
        self._making = making
        self._scanning = scanning
        self._org_id = org_id
        self._solution_type = solution_type
        self.lacks: Mapping[Kind, str] = {} if org_id else {Kind.NEW: "`ONETRUST_ORG_ID`"}
        self._now = now

    async def submit(self, order: Order, path: Path, journal: Journal) -> Receipt:
        """Send the build at ``path``, and create an application first if it is a new app.

        Raises:
            UnknownApp: OneTrust does not know the app to rescan, or the application created for the build.
            Refused: rejected otherwise.
            TryLater: certainly not accepted; worth another try.
            Uncertain: it, or its application, may have been accepted.
        """
        if order.kind is Kind.RESCAN:
            application_id = order.app_id or ""
        else:
            application_id = order.application_id or await self._make(order, journal)
        url = f"{self._url}/{quote(application_id, safe='')}/scan"
        answer = await self._scanning.call("PUT", url, lambda: BuildBody(order, path, journal, {}))
        scan_id = self._id_in(answer, "scanId", SCAN_REFUSED, order)
        if scan_id is None:
            raise Uncertain(NO_SCAN_ID.format(status=answer.status), status=answer.status)
        return Receipt(status=answer.status, scan_id=scan_id, application_id=application_id)

    async def _make(self, order: Order, journal: Journal) -> str:
        """Create an application, store its ID, and return it."""
        value = {
            "name": order.name,
            "solutionType": self._solution_type,
            "platform": order.platform.name,
            "orgId": self._org_id or "",
        }
        try:
            answer = await self._making.call("POST", self._url, lambda: JsonBody(value, journal))
            application_id = self._id_in(answer, "applicationId", MAKING_REFUSED)
        except Uncertain as error:
            raise Uncertain(MAYBE_MADE, status=error.status, detail=str(error)) from None
        if application_id is None:
            raise Uncertain(MAYBE_MADE, status=answer.status)
        await journal.made_app(application_id)
        return application_id

    def _id_in(
        self, answer: StatusMeaning, field: str, refused: Mapping[int, str], order: Order | None = None
    ) -> str | None:
        """Return the ID in a success; ``None`` without one."""
        if 200 <= answer.status < 300:
            return read_id(answer.body, field)
        if answer.status == 404 and order is not None:
            sentence = UNKNOWN_APP if order.kind is Kind.RESCAN else MADE_IS_GONE
            raise UnknownApp(sentence, status=answer.status)
        raise meaning_of(answer, self._now(), refused=refused, elsewhere=ELSEWHERE, other_no=OTHER_NO)
