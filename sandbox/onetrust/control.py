"""The control API of the OneTrust stand-in: what it was sent, and its faults, from another process.

``POST /control/<verb>`` with a JSON object, answered as ``sandbox.control`` tells; the verbs about faults
(``points``, ``fault``, ``reached``, ``release``, ``clear_faults``) are told there too.

============  ===============================================================================================
``info``      addresses, and what a client needs
``calls``     ``since`` (a count): the log of calls that have ended
``received``  ``since`` (a count): the builds that the webhook took
``apps``      the list of apps
``revoke``    ends every token that is out
``wait``      ``calls`` or ``received`` (counts), ``timeout_s``: waits until there are as many
============  ===============================================================================================
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from sandbox.control import FAULT_VERBS, Json

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
    "wait": _wait,
}
