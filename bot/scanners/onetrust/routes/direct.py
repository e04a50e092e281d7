"""Submitting a build directly to the Applications API of Cookie Consent, without a workflow.

A rescan is one request. A new app is created first, and its ID is stored before its scan is requested: after
a failure between the two, the next attempt uses that application and creates no second one.

Source: https://developer.onetrust.com/onetrust/openapi/consent-preferences-cookie-consent.json
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bot.core.scan import FileType, Kind
from bot.errors import Uncertain, UnknownApp
from bot.features.submission.routes import Journal, Order, Receipt
from bot.scanners.http.status_codes import CHECK
from bot.scanners.http.upload import UploadClient
from bot.scanners.onetrust.request_body import BuildBody, JsonBody
from bot.scanners.onetrust.status_codes import ADMIN, WEBHOOK, read_id

PATH: Final = "/api/cmp/v1/application"

LIMIT_BYTES: Final = 524_288_001
"""OneTrust takes 524,288,000 bytes and fewer."""

NO_SCAN_ID = "OneTrust said yes ({status}), but gave no scan ID."
MAYBE_CREATED = (
    "OneTrust was asked to create an application for this build, and did not confirm: one may be there now. "
    "The build itself was not sent. An app there without a scan is that one: delete it before this build is "
    "submitted again."
)

CREATE_CODES: Final = replace(
    WEBHOOK,
    address="`ONETRUST_URL`",
    rejected={
        **WEBHOOK.rejected,
        400: "OneTrust would not create an application for this build (400). "
        f"{CHECK} `ONETRUST_ORG_ID` and `ONETRUST_SOLUTION_TYPE`.",
        401: f"OneTrust did not accept the bot's credentials (401). {CHECK} them.",
        403: f"The bot's OneTrust credential may not do this (403). {ADMIN} that it has the COOKIE scope.",
        404: "OneTrust has no Applications API where the bot expects it (404). "
        f"{CHECK} `ONETRUST_URL`, or take `direct` out of `ONETRUST_ROUTES`.",
        413: f"OneTrust would not create an application for this build (413). {ADMIN} the name's length.",
    },
    other=f"OneTrust said no ({{status}}). {ADMIN} what the Applications API may do.",
    lost_after_commit=MAYBE_CREATED,
    unclear_after_commit=MAYBE_CREATED,
)
RESCAN_CODES: Final = replace(
    CREATE_CODES,
    rejected={
        **CREATE_CODES.rejected,
        400: "OneTrust would not scan this build (400). Check that it is the app's own platform, and that "
        "its file is whole.",
        404: "OneTrust knows no app with this ID (404).",
        409: "OneTrust says that this clashes with what it has already (409). "
        "If a scan of the app is running, try again when it is done.",
        413: "OneTrust says that this build is too large (413): it takes builds of up to 524 MB here.",
    },
    errors={404: UnknownApp},
    lost_after_commit=WEBHOOK.lost_after_commit,
    unclear_after_commit=WEBHOOK.unclear_after_commit,
)
SCAN_CODES: Final = replace(
    RESCAN_CODES,
    rejected={
        **RESCAN_CODES.rejected,
        404: "OneTrust does not know the application that was created for this build (404): it may have been "
        "deleted there. Another try creates a new one.",
    },
)


@dataclass(eq=False, repr=False)
class Direct:
    """The route by the Applications API. Implements the ``Route`` port.

    ``base_url`` is scheme, host and port. ``making`` and ``scanning`` send the two requests; ``org_id`` is
    the organization of new applications, ``None`` if none can be created.
    """

    base_url: str
    _: KW_ONLY
    making: UploadClient
    scanning: UploadClient
    org_id: str | None = None
    solution_type: str = "API"
    lacks: Mapping[Kind, str] = field(init=False, default_factory=dict)

    name = "direct"
    title = "the Applications API"
    limit_bytes: int = field(init=False, default=LIMIT_BYTES)
    file_types = frozenset({FileType.IPA, FileType.APK, FileType.AAB})

    def __post_init__(self) -> None:
        self._url = self.base_url.rstrip("/") + PATH
        if not self.org_id:
            self.lacks = {Kind.NEW: "`ONETRUST_ORG_ID`"}

    async def submit(self, order: Order, path: Path, journal: Journal) -> Receipt:
        """Send the build at ``path``, and create an application first if it is a new app.

        Raises:
            UnknownApp: OneTrust does not know the app to rescan, or the application created for the build.
            Refused, TryLater, Uncertain: as ``Route`` has it; uncertain may be the application, too.
        """
        if order.kind is Kind.RESCAN:
            application_id, statuses = order.app_id or "", RESCAN_CODES
        else:
            application_id = order.application_id or await self._create(order, journal)
            statuses = SCAN_CODES
        url = f"{self._url}/{quote(application_id, safe='')}/scan"
        response = await self.scanning.call("PUT", url, lambda: BuildBody(order, path, journal, {}), statuses)
        scan_id = read_id(response, "scanId")
        if scan_id is None:
            raise Uncertain(NO_SCAN_ID.format(status=response.status), status=response.status)
        return Receipt(status=response.status, scan_id=scan_id, application_id=application_id)

    async def _create(self, order: Order, journal: Journal) -> str:
        value = {
            "name": order.name,
            "solutionType": self.solution_type,
            "platform": order.platform.name,
            "orgId": self.org_id or "",
        }
        response = await self.making.call("POST", self._url, lambda: JsonBody(value, journal), CREATE_CODES)
        application_id = read_id(response, "applicationId")
        if application_id is None:
            raise Uncertain(MAYBE_CREATED, status=response.status)
        await journal.made_app(application_id)
        return application_id
