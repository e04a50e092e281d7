"""The control API of the OneTrust stand-in: what it was sent, and its faults, from another process.

``POST /control/<verb>`` with a JSON object, answered as ``sandbox.control`` tells; the verbs about faults
(``points``, ``fault``, ``reached``, ``release``, ``clear_faults``) are told there too.

============  ===============================================================================================
``info``      addresses, and what a client needs
``calls``     ``since`` (a count): the log of calls that have ended
``received``  ``since`` (a count): the builds that were taken
``apps``      the list of apps
``revoke``    ends every token that is out
``set``       any of ``scan_s``, ``scopes``, ``has_applications_api``, ``requests_per_minute``, ``depot``
``scans``     ``since`` (a count): the scans, each with its status now
``finish``    ``id`` (of a scan, or of an app), ``status``, ``results``, ``version``: says how a scan goes
``results``   ``app``, ``version``, ``results`` (``sdks``, ``permissions``, ``data_types``): what scans find
``blank``     ``point``, ``fields``, ``how`` (``null``, ``missing``): fields that are left out of answers
``wait``      ``calls`` or ``received`` (counts), ``timeout_s``: waits until there are as many
============  ===============================================================================================
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.control import FAULT_VERBS, Json
from sandbox.onetrust.results import Results

if TYPE_CHECKING:
    from sandbox.onetrust.server import OneTrustSandbox


async def control(onetrust: "OneTrustSandbox", verb: str, arguments: Json) -> Json:
    """Do one verb.

    Raises:
        TimeoutError: what was waited for did not come.
        LookupError, TypeError, ValueError: there is no such verb, or its arguments are wrong.
    """
    if verb in FAULT_VERBS:
        return await FAULT_VERBS[verb](onetrust.faults, arguments)
    return await _VERBS[verb](onetrust, arguments)


async def _info(onetrust: "OneTrustSandbox", _arguments: Json) -> Json:
    return {
        "url": onetrust.url,
        "webhook_url": onetrust.webhook_url,
        "client_id": onetrust.client_id,
        "client_secret": onetrust.client_secret,
        "api_key": onetrust.api_key,
        "ftp_webhook_url": onetrust.ftp_webhook_url,
        "ftp_rescan_webhook_url": onetrust.ftp_rescan_webhook_url,
        "org_id": onetrust.org_id,
    }


async def _calls(onetrust: "OneTrustSandbox", arguments: Json) -> Json:
    since = int(arguments.get("since", 0))
    return {"calls": [asdict(call) for call in onetrust.calls[since:]], "count": len(onetrust.calls)}


async def _received(onetrust: "OneTrustSandbox", arguments: Json) -> Json:
    since = int(arguments.get("since", 0))
    told = [asdict(build) for build in onetrust.received[since:]]
    return {"received": told, "count": len(onetrust.received)}


async def _apps(onetrust: "OneTrustSandbox", _arguments: Json) -> Json:
    return {"apps": [asdict(app) for app in onetrust.apps]}


async def _revoke(onetrust: "OneTrustSandbox", _arguments: Json) -> Json:
    onetrust.tokens.revoke()
    return {}


async def _set(onetrust: "OneTrustSandbox", arguments: Json) -> Json:
    if unknown := set(arguments) - set(_SETTINGS):
        raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
    for name, value in arguments.items():
        _SETTINGS[name](onetrust, value)
    return {}


def _set_scan_s(onetrust: "OneTrustSandbox", value: float | None) -> None:
    onetrust.scanner.scan_s = None if value is None else float(value)


def _set_scopes(onetrust: "OneTrustSandbox", value: list[str]) -> None:
    onetrust.tokens.scopes = set(value)


def _set_applications_api(onetrust: "OneTrustSandbox", value: object) -> None:
    onetrust.applications.is_there = bool(value)


def _set_requests_per_minute(onetrust: "OneTrustSandbox", value: int) -> None:
    onetrust.limits.per_minute = int(value)


def _set_depot(onetrust: "OneTrustSandbox", value: str | None) -> None:
    onetrust.workflow.depot = None if value is None else Path(value)


_SETTINGS: dict[str, Callable[["OneTrustSandbox", Any], None]] = {
    "scan_s": _set_scan_s,
    "scopes": _set_scopes,
    "has_applications_api": _set_applications_api,
    "requests_per_minute": _set_requests_per_minute,
    "depot": _set_depot,
}


async def _scans(onetrust: "OneTrustSandbox", arguments: Json) -> Json:
    since = int(arguments.get("since", 0))
    told = [onetrust.scanner.told(scan) for scan in onetrust.scans[since:]]
    return {"scans": told, "count": len(onetrust.scans)}


async def _finish(onetrust: "OneTrustSandbox", arguments: Json) -> Json:
    results = arguments.get("results")
    scan = onetrust.finish(
        arguments["id"],
        arguments.get("status"),
        results=None if results is None else Results.read(results),
        version=arguments.get("version"),
    )
    return onetrust.scanner.told(scan)


async def _results(onetrust: "OneTrustSandbox", arguments: Json) -> Json:
    onetrust.results_for(arguments["app"], arguments.get("version"), Results.read(arguments["results"]))
    return {}


async def _blank(onetrust: "OneTrustSandbox", arguments: Json) -> Json:
    onetrust.blank(arguments["point"], *arguments["fields"], how=arguments.get("how", "null"))
    return {}


async def _wait(onetrust: "OneTrustSandbox", arguments: Json) -> Json:
    calls, received = int(arguments.get("calls", 0)), int(arguments.get("received", 0))

    def enough() -> bool:
        return len(onetrust.calls) >= calls and len(onetrust.received) >= received

    await onetrust.until(enough, float(arguments.get("timeout_s", 10)))
    return {"calls": len(onetrust.calls), "received": len(onetrust.received)}


_VERBS: dict[str, Callable[["OneTrustSandbox", Json], Awaitable[Json]]] = {
    "info": _info,
    "calls": _calls,
    "received": _received,
    "apps": _apps,
    "revoke": _revoke,
    "set": _set,
    "scans": _scans,
    "finish": _finish,
    "results": _results,
    "blank": _blank,
    "wait": _wait,
}
