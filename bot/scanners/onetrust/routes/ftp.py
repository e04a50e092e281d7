"""The FTP route: uploads a build to an FTP server, and has a workflow fetch it from there.

Source: "Implement via FTP" in https://developer.onetrust.com/onetrust/docs/scan-apps-via-api. The document's
template knows no ``appId``, so that rescans need a workflow of their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Final

from bot.core.scan import FileType, Kind
from bot.features.submission.routes import Journal, Order, Receipt
from bot.scanners.http.status_codes import CHECK
from bot.scanners.http.upload import UploadClient
from bot.scanners.onetrust.file_server.resumable_upload import FileServer
from bot.scanners.onetrust.request_body import JsonBody
from bot.scanners.onetrust.status_codes import ADMIN, WEBHOOK, receipt

LIMIT_BYTES: Final = 1_073_741_825
"""Slack's own: no file there has more than 1 GB."""

_NOT_CONFIRMED = (
    "The build is on the FTP server, and the bot asked OneTrust to fetch it, but it did not confirm"
)
STATUS_CODES: Final = replace(
    WEBHOOK,
    rejected={
        **WEBHOOK.rejected,
        400: "OneTrust could not make sense of the submission (400). "
        f"{ADMIN} that the workflow for FTP takes JSON with `uploadType`, `filePath`, `fileType`, `name` and "
        "`os` (for rescans, `appId` too), and that its URL is the one in `ONETRUST_FTP_WEBHOOK_URL` "
        "(`ONETRUST_FTP_RESCAN_WEBHOOK_URL`).",
        404: "OneTrust knows no such webhook (404): its ID is wrong, or its workflow was deleted. "
        f"{CHECK} the webhook URLs of the FTP route.",
        413: "OneTrust did not take the message about this build (413), which is on the FTP server. "
        f"{ADMIN} what the webhook of the workflow for FTP takes.",
    },
    lost_after_commit=f"{_NOT_CONFIRMED}.",
    unclear_after_commit=f"{_NOT_CONFIRMED} ({{status}}).",
)


@dataclass(eq=False, repr=False)
class Ftp:
    """The FTP route. Implements the ``Route`` port.

    ``new_url`` and ``rescan_url`` are secrets. ``path_of`` gives the path of a file as OneTrust's login sees
    it.
    """

    file_server: FileServer
    client: UploadClient
    _: KW_ONLY
    new_url: str
    rescan_url: str | None
    path_of: Callable[[str], str]
    lacks: Mapping[Kind, str] = field(init=False, default_factory=dict)

    name = "ftp"
    title = "FTP"
    limit_bytes: int = field(init=False, default=LIMIT_BYTES)
    file_types = frozenset({FileType.IPA, FileType.APK})

    def __post_init__(self) -> None:
        if self.rescan_url is None:
            self.lacks = {Kind.RESCAN: "`ONETRUST_FTP_RESCAN_WEBHOOK_URL`"}

    async def submit(self, order: Order, path: Path, journal: Journal) -> Receipt:
        """Upload the build at ``path``, and send its path to the workflow; raises as ``Route`` has it.

        The next attempt after a ``TryLater`` resumes the upload.
        """
        url = self.rescan_url if order.kind is Kind.RESCAN else self.new_url
        if url is None:
            raise RuntimeError(f"the FTP route was chosen without {self.lacks[order.kind]}")
        name = upload_name(order)
        await journal.uploading(name)
        await self.file_server.upload(
            path, name, size_bytes=order.size_bytes, progress=journal.progress, note=journal.note
        )
        await journal.uploading(name)  # its retention starts again now that it has arrived
        fields = workflow_fields(order, self.path_of(name))
        return receipt(await self.client.call("POST", url, lambda: JsonBody(fields, journal), STATUS_CODES))


def upload_name(order: Order) -> str:
    """Return the name of a build on the server: one for each scan and content, with nothing from outside."""
    return f"appscan-{order.number}-{order.sha256[:16]}.{order.file_type}"


def workflow_fields(order: Order, file_path: str) -> dict[str, object]:
    """Return the fields of the workflow's webhook; ``appId`` is not in OneTrust's own sample."""
    fields: dict[str, object] = {
        "uploadType": "FTP",
        "filePath": file_path,
        "fileType": order.file_type.value,
        "name": order.name,
        "os": order.platform.name,
    }
    return fields | ({"appId": order.app_id} if order.kind is Kind.RESCAN else {})
