"""The table of what OneTrust may answer, and what comes of it, for test_onetrust_statuses.py.

The statuses are those of the tables in "Getting started"
(https://developer.onetrust.com/onetrust/reference/getting-started), and others that servers on the way give.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

NOISE = "<html>SERVER-STACK-TRACE at com.onetrust.internal db-password=hunter2</html>"
"""What a server may say beside its status: nobody is to read it."""
LARGE = 16_000_000
"""Bytes of a build that the sockets between two ends don't take up by themselves."""
SOON = (2.5, 5.0)
"""Seconds until the second try, where OneTrust names no time."""
DAY_S = 86_400.0
ELSEWHERE = "http://elsewhere/"
"""Stands for the address that redirects lead to, with another server behind it."""

FIRST_LINE = {
    "submitted": r"✅ Shop 4\.2\.0 was submitted to OneTrust\.",
    "failed": r"❌ Shop 4\.2\.0 was not submitted\.",
    "uncertain": r"⚠️ It is not certain that OneTrust took Shop 4\.2\.0\. It is not resent automatically\.",
    "queued": r"⏳ Shop 4\.2\.0 will be tried again [^()]+ at [^()]+ \(try 2\)",
}
"""The first line of the reply, by the state that the scan is in."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What OneTrust does, and what comes of it."""

    name: str
    faults: tuple[tuple[str, dict[str, Any]], ...]
    """By endpoint, one after the other."""
    state: str
    says: str
    """The reply's second line, whole, as dana reads it."""
    uploads: tuple[int | None, ...]
    """What each upload was answered; ``None`` where the connection was closed."""
    tokens: tuple[int | None, ...] = (200,)
    """What each request for a token was answered."""
    taken: int = 0
    """How many builds the stand-in took."""
    size_bytes: int = 0
    wait_s: tuple[float, float] | None = None
    """The wait until the next try: at least, at most."""


ASK_ADMIN = "Ask your OneTrust administrator to check"
RUNNER = "The operator of this bot should check"


def _after(seconds: float, form: Callable[[datetime], str]) -> str:
    """Write the time in so many seconds as a date of HTTP."""
    return form(datetime.now(UTC) + timedelta(seconds=seconds))


# What each status says.


def _elsewhere(status: int, address: str) -> str:
    refused = f"The address of OneTrust leads elsewhere ({status}), and the bot does not follow."
    return f"{refused} {RUNNER} {address}."


REFUSED_BUILD = {
    300: _elsewhere(300, "the webhook URL"),
    304: _elsewhere(304, "the webhook URL"),
    400: "OneTrust could not make sense of the submission (400). "
    f"{ASK_ADMIN} that the webhook's workflow is Mobile: Mobile App Scan and takes `form-data`.",
    403: "The bot's OneTrust credential may not do this (403). "
    f"{ASK_ADMIN} that it has the Integration and Cookie scopes.",
    404: "OneTrust knows no such webhook (404): its ID is wrong, or its workflow was deleted. "
    f"{RUNNER} the webhook URL.",
    405: f"OneTrust said no (405). {ASK_ADMIN} the workflow's log.",
    407: f"The proxy on the way to OneTrust wants a login (407). {RUNNER} the proxy settings.",
    409: "OneTrust says that this clashes with what it has already (409). "
    "If the app is there, scan this build as a rescan of it.",
    410: f"OneTrust said no (410). {ASK_ADMIN} the workflow's log.",
    413: "OneTrust says that this build is too large (413): its limit is lower than the bot's. "
    "The operator of this bot should check `ONETRUST_REST_LIMIT`, so that such builds go another way.",
    415: f"OneTrust said no (415). {ASK_ADMIN} the workflow's log.",
    422: f"OneTrust said no (422). {ASK_ADMIN} the workflow's log.",
}
REFUSED_TOKEN = {
    400: "OneTrust could not make sense of the bot's request for an access token (400). "
    f"{RUNNER} `ONETRUST_CLIENT_ID` and `ONETRUST_CLIENT_SECRET`.",
    401: "OneTrust does not know the bot's client ID and secret (401). "
    f"{RUNNER} `ONETRUST_CLIENT_ID` and `ONETRUST_CLIENT_SECRET`.",
    403: f"OneTrust gives the bot's client no access token (403). {RUNNER} that it is active.",
    404: f"OneTrust has no access tokens where the bot asks for them (404). {RUNNER} `ONETRUST_URL`.",
    304: _elsewhere(304, "`ONETRUST_URL`"),
} | {
    status: f"OneTrust gave the bot no access token ({status}). {RUNNER} `ONETRUST_URL` and "
    "`ONETRUST_CLIENT_ID` and `ONETRUST_CLIENT_SECRET`."
    for status in (405, 409, 413, 415, 422)
}
BAD_LOGIN = (
    "OneTrust did not accept the bot's credentials (401): they, or the webhook URL, are wrong. "
    f"{RUNNER} both."
)
BUSY = {
    429: "OneTrust is getting too many requests right now (429).",
    503: "OneTrust is not available right now (503).",
}
LOST_EARLY = "The connection to OneTrust was lost before the whole build had gone."
LOST_LATE = "The connection to OneTrust was lost after the whole build had gone, before an answer came."
NOT_REACHED = "OneTrust can't be reached right now."
NOT_TRUSTED = (
    "The connection to OneTrust can't be trusted: its certificate does not check out. "
    f"{RUNNER} the webhook URL, and the certificate authorities that this machine trusts."
)


def _no_token(status: int) -> str:
    return f"What answered ({status}) gave no access token: it is not OneTrust. {RUNNER} `ONETRUST_URL`."


def _no_token_now(status: int) -> str:
    return f"OneTrust can't give the bot an access token right now ({status})."


def _no_request_id(status: int) -> str:
    return f"OneTrust said yes ({status}), but gave no request ID."


# The rows.


def build(name: str, state: str, says: str, uploads: tuple[int | None, ...], /, **more: Any) -> Row:
    """Make a row of one fault at the webhook: ``more`` holds fields of ``Row``, the rest is the fault's."""
    about = {field: more.pop(field) for field in ("taken", "size_bytes", "wait_s", "tokens") if field in more}
    return Row(
        name=f"webhook: {name}", faults=(("webhook", more),), state=state, says=says, uploads=uploads, **about
    )


def token(name: str, state: str, says: str, tokens: tuple[int | None, ...], /, **more: Any) -> Row:
    """Make a row of one fault at the token endpoint, as ``build`` does."""
    about = {field: more.pop(field) for field in ("uploads", "taken", "wait_s") if field in more}
    about = {"uploads": (), **about}
    return Row(
        name=f"token: {name}", faults=(("token", more),), state=state, says=says, tokens=tokens, **about
    )


REQUEST_IDS: dict[str, tuple[str, dict[str, Any]]] = {
    "a number as request ID": ("4711", {"body": '{"requestId": 4711}'}),
    "other fields beside it": ("r-1", {"body": '{"status": "?", "requestId": " r-1 ", "requestid": "r-2"}'}),
    "JSON that is called a page": ("r-1", {"body": '{"requestId": "r-1"}', "content_type": "text/html"}),
    "all of it, of more promised": ("r-1", {"body": '{"requestId": "r-1"}', "content_length": 500}),
    "all of it, then a reset": (
        "r-1",
        {"body": '{"requestId": "r-1"}', "content_length": 500, "reset": True},
    ),
}
"""The request ID that is read, and the answer that it stands in."""

YES = [
    *(
        build(f"{status}, with a request ID", "submitted", "", (status,), status=status, taken=1)
        for status in (200, 201, 202)
    ),
    *(
        build(name, "submitted", f"Request ID: `{request_id}`", (202,), taken=1, **fault)
        for name, (request_id, fault) in REQUEST_IDS.items()
    ),
    token("201", "submitted", "", (201,), status=201, uploads=(202,), taken=1),
    token("202", "submitted", "", (202,), status=202, uploads=(202,), taken=1),
]

YES_WITHOUT_REQUEST_ID = [
    build(
        name,
        "uncertain",
        _no_request_id(more.get("status", 202)),
        (more.get("status", 202),),
        taken=1,
        **more,
    )
    for name, more in {
        "200, no request ID": {"status": 200, "body": "{}"},
        "201, no request ID": {"status": 201, "body": "{}"},
        "202, no request ID": {"status": 202, "body": "{}"},
        "204": {"status": 204, "body": ""},
        "206, a page": {"status": 206, "body": NOISE, "content_type": "text/html"},
        "an empty body": {"body": ""},
        "an empty request ID": {"body": '{"requestId": ""}'},
        "a list as request ID": {"body": '{"requestId": ["r-1"]}'},
        "a request ID that turns the line around": {"body": '{"requestId": "r-\\u202e1"}'},
        "a list": {"body": '["r-1"]'},
        "invalid JSON": {"body": "{'requestId': 'r-1'}"},
        "an HTML page": {"body": NOISE, "content_type": "text/html"},
        "half of the JSON": {"body": '{"requestId": "r-1'},
        "half of the answer": {"body": '{"requestId": "r-1', "content_length": 500},
        "nothing of the answer's body": {"body": "", "content_length": 500},
        "half of the answer, then a reset": {
            "body": '{"requestId": "r-1',
            "content_length": 500,
            "reset": True,
        },
    }.items()
]

REFUSALS = [
    *(build(str(s), "failed", says, (s,), status=s, body=NOISE) for s, says in REFUSED_BUILD.items()),
    *(token(str(s), "failed", says, (s,), status=s, body=NOISE) for s, says in REFUSED_TOKEN.items()),
    *(
        token(name, "failed", _no_token(200), (200,), body=body)
        for name, body in {
            "an empty body": "",
            "an HTML page": NOISE,
            "invalid JSON": "access_token=abc",
            "half of the JSON": '{"access_token": "abc',
            "a list": '["abc"]',
            "no token": '{"token_type": "bearer"}',
            "a token that breaks the header": '{"access_token": "abc\\r\\nX-Evil: 1"}',
        }.items()
    ),
    token("204", "failed", _no_token(204), (204,), status=204, body=""),
]

REDIRECTS = [
    row
    for status in (301, 302, 303, 307, 308)
    for row in (
        build(
            f"redirected by {status}",
            "failed",
            _elsewhere(status, "the webhook URL"),
            (status,),
            status=status,
            location=ELSEWHERE,
        ),
        token(
            f"redirected by {status}",
            "failed",
            _elsewhere(status, "`ONETRUST_URL`"),
            (status,),
            status=status,
            location=ELSEWHERE,
        ),
    )
]

MAYBE_TAKEN = [
    *(
        build(
            str(status),
            "uncertain",
            f"OneTrust had the whole build, but then answered with an error of its own ({status}).",
            (status,),
            status=status,
            body=NOISE,
        )
        for status in (408, 500, 501, 502, 504, 520)
    ),
    build("no answer", "uncertain", LOST_LATE, (None,), answer_lost=True, taken=1),
    build("a reset after the body", "uncertain", LOST_LATE, (None,), answer_lost=True, reset=True, taken=1),
]

RETRY_AFTER: dict[str, tuple[str | Callable[[], str] | None, tuple[float, float] | None]] = {
    "no Retry-After": (None, SOON),
    "seconds": ("600", (600, 600)),
    "a date": (lambda: _after(600, lambda at: format_datetime(at, usegmt=True)), (598, 600)),
    "a date of RFC 850": (lambda: _after(600, lambda at: f"{at:%A, %d-%b-%y %H:%M:%S GMT}"), (598, 600)),
    "a date of asctime": (lambda: _after(600, lambda at: f"{at:%a %b %d %H:%M:%S %Y}"), (598, 600)),
    "a date that is past": ("Wed, 21 Oct 2015 07:28:00 GMT", None),
    "a date far off": ("Wed, 21 Oct 2415 07:28:00 GMT", (DAY_S, DAY_S)),
    "less than nothing": ("-600", None),
    "nothing": ("0", None),
    "centuries": ("9" * 40, (DAY_S, DAY_S)),
    "words": ("in a while", SOON),
    "no number": ("nan", SOON),
    "an empty one": ("", SOON),
    "an impossible date": ("Wed, 99 Foo 2026 99:00:00 GMT", SOON),
}
"""By what is said: the header, and the wait until the next try; ``None``: it is tried at once, and taken."""


def _later(make: Callable[..., Row], status: int, name: str) -> Row:
    """Make the row of a status that means "later", for one form of ``Retry-After``."""
    header, wait_s = RETRY_AFTER[name]
    about = {"status": status, "body": NOISE, "headers": {} if header is None else {"Retry-After": header}}
    says = BUSY[status] if make is build else _no_token_now(status)
    if wait_s is not None:
        return make(f"{status}, {name}", "queued", says, (status,), wait_s=wait_s, **about)
    if make is build:
        return build(f"{status}, {name}", "submitted", "", (status, 202), taken=1, **about)
    return token(f"{status}, {name}", "submitted", "", (status, 200), uploads=(202,), taken=1, **about)


COMMON = {"no Retry-After", "seconds", "a date"}
"""What is tried with each status at each endpoint; the rest once."""

NO_WHOLE_ANSWER: dict[str, dict[str, Any]] = {
    "closed without an answer": {"drop": True},
    "a reset before its answer": {"drop": True, "reset": True},
    "its answer lost": {"answer_lost": True},
    "half of the answer": {"body": '{"access_token": "abc', "content_length": 500},
    "a reset within the answer": {"body": '{"access_token": "abc', "content_length": 500, "reset": True},
}
"""What may happen to a token's answer on its way."""

NO_WHOLE_BUILD: dict[str, tuple[str, dict[str, Any]]] = {
    "closed before the body": (LOST_EARLY, {"drop": True}),
    "a reset before the body": (LOST_EARLY, {"drop": True, "reset": True}),
    "closed within the body": (LOST_EARLY, {"cut_after": 300_000}),
    "a reset within the body": (LOST_EARLY, {"cut_after": 300_000, "reset": True}),
    "408 before it had the build": (
        "OneTrust got the build too slowly and gave up waiting (408).",
        {"status": 408, "value": "early"},
    ),
    "502 before it had the build": (
        "OneTrust had trouble of its own (502) before it had the whole build.",
        {"status": 502, "value": "early"},
    ),
}
"""What may happen to a build on its way, and what is said then: it surely was not taken."""

LATER = [
    *(_later(build, 429, name) for name in RETRY_AFTER),
    *(_later(token, 429, name) for name in RETRY_AFTER if name in COMMON | {"less than nothing", "words"}),
    *(_later(each, 503, name) for each in (build, token) for name in RETRY_AFTER if name in COMMON),
    *(
        token(str(status), "queued", _no_token_now(status), (status,), status=status, body=NOISE, wait_s=SOON)
        for status in (408, 500, 501, 502, 504, 520)
    ),
    token("500, seconds", "queued", _no_token_now(500), (500,), status=500, retry_after=90, wait_s=(90, 90)),
    *(
        token(name, "queued", NOT_REACHED, (200 if "body" in fault else None,), wait_s=SOON, **fault)
        for name, fault in NO_WHOLE_ANSWER.items()
    ),
    *(
        build(name, "queued", says, (fault.get("status"),), wait_s=SOON, size_bytes=LARGE, **fault)
        for name, (says, fault) in NO_WHOLE_BUILD.items()
    ),
]


def _expired(
    then: str, state: str, says: str, uploads: tuple[int | None, ...], /, *faults: tuple[str, dict[str, Any]]
) -> Row:
    """Make the row of a first 401, and of what follows it; each 401 is met with one new token, once a try."""
    no_token = next((fault["status"] for point, fault in faults if point == "token" and fault), 200)
    return Row(
        name=f"401, then {then}",
        faults=(("webhook", {"status": 401, "body": NOISE}), *faults),
        state=state,
        says=says,
        uploads=uploads,
        tokens=(200, no_token),
        taken=sum(status in {None, 202} for status in uploads),
        wait_s=(90, 90) if state == "queued" else None,
    )


TOKEN = ("token", dict[str, Any]())
"""The first token, which is given without a fault."""
AGAIN = ("webhook", {"status": 401, "body": NOISE})
BROKE = "OneTrust had the whole build, but then answered with an error of its own (500)."

NO_LONGER_GOOD = [
    _expired("a yes", "submitted", "", (401, 202)),
    _expired("401 for a token that was just fetched", "failed", BAD_LOGIN, (401, 401), AGAIN, AGAIN, AGAIN),
    _expired("no token", "failed", REFUSED_TOKEN[401], (401,), TOKEN, ("token", {"status": 401})),
    _expired(
        "no token for now",
        "queued",
        _no_token_now(503),
        (401,),
        TOKEN,
        ("token", {"status": 503, "retry_after": 90}),
    ),
    _expired("403", "failed", REFUSED_BUILD[403], (401, 403), ("webhook", {"status": 403})),
    _expired("500", "uncertain", BROKE, (401, 500), ("webhook", {"status": 500})),
    _expired("no answer", "uncertain", LOST_LATE, (401, None), ("webhook", {"answer_lost": True})),
]

ROWS = [
    *YES,
    *YES_WITHOUT_REQUEST_ID,
    *REFUSALS,
    *REDIRECTS,
    *MAYBE_TAKEN,
    *LATER,
    *NO_LONGER_GOOD,
]
