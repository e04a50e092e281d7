"""The FTP route: uploads a build to an FTP server, and has a workflow fetch it from there.

Source: "Implement via FTP" in https://developer.onetrust.com/onetrust/docs/scan-apps-via-api. The document's
template knows no ``appId``, so that rescans need a workflow of their own.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bot.core.scan import FileType, Kind
from bot.errors import Uncertain
from bot.features.submission.routes import Journal, Order, Receipt
from bot.scanners.onetrust.file_server.resumable_upload import FileServer
from bot.scanners.onetrust.request_body import JsonBody
from bot.scanners.onetrust.status_codes import ADMIN, REFUSED, read_answer
from bot.scanners.onetrust.upload_client import UploadClient

LIMIT_BYTES: Final = 1_073_741_825
"""Slack's own: no file there has more than 1 GB."""

_REFUSED = {
    **REFUSED,
    400: "OneTrust could not make sense of the submission (400). "
    f"{ADMIN} that the workflow for FTP takes JSON with `uploadType`, `filePath`, `fileType`, `name` and "
    "`os` (for rescans, `appId` too), and that its URL is the one in `ONETRUST_FTP_WEBHOOK_URL` "
    "(`ONETRUST_FTP_RESCAN_WEBHOOK_URL`).",
    404: "OneTrust knows no such webhook (404): its ID is wrong, or its workflow was deleted. "
    "The operator of this bot should check the webhook URLs of the FTP route.",
    413: "OneTrust did not take the message about this build (413), which is on the FTP server. "
    f"{ADMIN} what the webhook of the workflow for FTP takes.",
}

MAYBE_TOLD = (
    "The build is on the FTP server, and the bot asked OneTrust to fetch it, but it did not confirm{status}."
)


class Ftp:
    """The FTP route. Implements the ``Route`` port.

    ``new_url`` and ``rescan_url`` are secrets. ``path_of`` gives the path of a file as OneTrust's login sees
    it. ``now`` is seconds since the epoch.
    """

    name: str = "ftp"
    title: str = "FTP"
    limit_bytes: int = LIMIT_BYTES
    file_types: frozenset[FileType] = frozenset({FileType.IPA, FileType.APK})

    def __init__(
        self,
        depot: FileServer,
        caller: UploadClient,
        *,
        new_url: str,
        rescan_url: str | None,
        path_of: Callable[[str], str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._depot = depot
        self._caller = caller
        self._urls = {Kind.NEW: new_url, Kind.RESCAN: rescan_url}
        self.lacks: Mapping[Kind, str] = (
            {} if rescan_url else {Kind.RESCAN: "`ONETRUST_FTP_RESCAN_WEBHOOK_URL`"}
        )
        self._path_of = path_of
        self._now = now

    async def submit(self, order: Order, path: Path, journal: Journal) -> Receipt:
        """Upload the build at ``path``, and send its path to the workflow.

        Raises:
            Refused: rejected by the server or OneTrust.
            TryLater: certainly not accepted; the next attempt resumes the upload.
            Uncertain: it may have been accepted.
        """
        url = self._urls[order.kind]
        if url is None:
            raise RuntimeError(f"the FTP route was chosen without {self.lacks[order.kind]}")
        name = upload_name(order)
        await journal.uploading(name)
        await self._depot.upload(
            path, name, size_bytes=order.size_bytes, progress=journal.progress, note=journal.note
        )
        await journal.uploading(name)  # its retention starts again now that it has arrived
        fields = workflow_fields(order, self._path_of(name))
        try:
            answer = await self._caller.call("POST", url, lambda: JsonBody(fields, journal))
            return read_answer(answer, self._now(), _REFUSED)
        except Uncertain as error:
            if not error.scanner_failed:
                raise  # a success without a request ID
            status = f" ({error.status})" if error.status is not None else ""
            failure = Uncertain(MAYBE_TOLD.format(status=status), status=error.status, detail=str(error))
        raise failure


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
