"""What OneTrust's responses to a submission mean, by status alone and never by their text.

OneTrust asks its clients to rely on status codes ("Best Practices", https://developer.onetrust.com/onetrust/reference/
getting-started); the texts can change, and are outside data.

A 2xx with a request ID means accepted. Without the last bytes of a build, it is certainly not accepted. After
them, only a decision proves that (``StatusCodes`` lists them, docs/setup-onetrust.md has a table). All
else, also a 2xx without a request ID, makes the submission ``Uncertain``: a person checks the log.
"""

from typing import Final

from bot.errors import Uncertain
from bot.features.submission.routes import Receipt
from bot.scanners.http.responses import Response
from bot.scanners.http.status_codes import CHECK, StatusCodes

ID_LIMIT = 200
"""Characters of an ID; a longer one is dropped."""

ADMIN = "Ask your OneTrust administrator to check"

WEBHOOK: Final = StatusCodes(
    server="OneTrust",
    address="the webhook URL",
    interrupted="The connection to OneTrust was lost before the whole build had gone.",
    unavailable="OneTrust had trouble of its own ({status}) before it had the whole build.",
    retry={
        408: "OneTrust got the build too slowly and gave up waiting (408).",
        429: "OneTrust is getting too many requests right now (429).",
        503: "OneTrust is not available right now (503).",
    },
    rejected={
        400: "OneTrust could not make sense of the submission (400). "
        f"{ADMIN} that the webhook's workflow is *Mobile: Mobile App Scan* and takes `form-data`.",
        401: "OneTrust did not accept the bot's credentials (401): they, or the webhook URL, are wrong. "
        f"{CHECK} both.",
        403: "The bot's OneTrust credential may not do this (403). "
        f"{ADMIN} that it has the Integration and Cookie scopes.",
        404: "OneTrust knows no such webhook (404): its ID is wrong, or its workflow was deleted. "
        f"{CHECK} the webhook URL.",
        409: "OneTrust says that this clashes with what it has already (409). "
        "If the app is there, scan this build as a rescan of it.",
        413: "OneTrust says that this build is too large (413): its limit is lower than the bot's. "
        f"{CHECK} `ONETRUST_REST_LIMIT`, so that such builds go another way.",
    },
    other=f"OneTrust said no ({{status}}). {ADMIN} the workflow's log.",
    lost_after_commit=(
        "The connection to OneTrust was lost after the whole build had gone, before an answer came."
    ),
    unclear_after_commit=(
        "OneTrust had the whole build, but its answer ({status}) does not say whether it took it."
    ),
)
NO_REQUEST_ID = "OneTrust said yes ({status}), but gave no request ID."


def receipt(response: Response) -> Receipt:
    """Return the receipt in a success of the webhook.

    Raises:
        Uncertain: it has no request ID.
    """
    request_id = read_id(response, "requestId")
    if request_id is None:
        raise Uncertain(NO_REQUEST_ID.format(status=response.status), status=response.status)
    return Receipt(request_id=request_id, status=response.status)


def read_id(response: Response, field: str) -> str | None:
    """Return the ID in a field of a response; ``None`` without one that can be shown."""
    value = response.object().get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value.bit_length() < 128 else None
    if not isinstance(value, str):
        return None
    value = value.strip()
    return value if value.isprintable() and 0 < len(value) <= ID_LIMIT else None
