"""The control API of the Zscaler stand-in: what it was sent, and its state, from another process.

``POST /control/<verb>`` with a JSON object, answered as ``sandbox.control`` tells; the verbs about faults
(``points``, ``fault``, ``reached``, ``release``, ``clear_faults``) are told there too.

==============  =============================================================================================
``info``        addresses, and what a client needs
``calls``       ``since`` (a count): the log of calls that have ended
``log``         ``of`` (``submissions``, ``logins``, ``logouts``, ``look_ups``, ``activations``,
                ``report_calls``, ``governance_calls``), ``since`` (a count)
``verdict``     ``md5`` (null: all others), ``type``, ``category``, ``score``, ``malware``, ``risks``
``categorize``  ``host``, ``classifications``, ``alerts``
``known_bad``   ``md5``, ``name``, ``type``: a virus that is known
``app``         ``names`` (IDs, addresses), ``told``: an app that is known; ``unknown`` true: in a day
``set``         any of ``activation``, ``in_maintenance``, ``covered``, ``governance_allowed``, ``report_s``,
                ``unready``, ``keys_cached_s``, ``strict_rates``, ``reports_a_day``, ``submissions_a_day``,
                ``governance_calls_a_day``
``revoke``      ends every token and session that is out
``wait``        ``calls`` or ``submissions`` (counts), ``timeout_s``: waits until there are as many
==============  =============================================================================================
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sandbox.control import FAULT_VERBS, Json

if TYPE_CHECKING:
    from sandbox.zscaler.server import ZscalerSandbox

_INFO = (
    "url",
    "api_url",
    "sandbox_url",
    "apptotal_url",
    "token_url",
    "client_id",
    "client_secret",
    "scope",
    "username",
    "password",
    "api_key",
    "sandbox_token",
    "apptotal_key",
)
_LOGS = ("submissions", "logins", "logouts", "look_ups", "activations", "report_calls", "governance_calls")


async def control(zscaler: "ZscalerSandbox", verb: str, arguments: Json) -> Json:
    """Do one verb.

    Raises:
        TimeoutError: what was waited for did not come.
        LookupError, TypeError, ValueError: there is no such verb, or its arguments are wrong.
    """
    if verb in FAULT_VERBS:
        return await FAULT_VERBS[verb](zscaler.faults, arguments)
    return await _VERBS[verb](zscaler, arguments)


async def _info(zscaler: "ZscalerSandbox", _arguments: Json) -> Json:
    return {name: getattr(zscaler, name) for name in _INFO}


async def _calls(zscaler: "ZscalerSandbox", arguments: Json) -> Json:
    since = int(arguments.get("since", 0))
    return {"calls": [asdict(call) for call in zscaler.calls[since:]], "count": len(zscaler.calls)}


async def _log(zscaler: "ZscalerSandbox", arguments: Json) -> Json:
    if arguments["of"] not in _LOGS:
        raise ValueError(f"of is none of {', '.join(_LOGS)}")
    log = getattr(zscaler, arguments["of"])
    return {"log": [asdict(entry) for entry in log[int(arguments.get("since", 0)) :]], "count": len(log)}


async def _verdict(zscaler: "ZscalerSandbox", arguments: Json) -> Json:
    zscaler.verdict_for(arguments.pop("md5"), **arguments)
    return {}


async def _categorize(zscaler: "ZscalerSandbox", arguments: Json) -> Json:
    told = (list(arguments["classifications"]), list(arguments.get("alerts", ())))
    zscaler.world.categories[arguments["host"].lower()] = told
    return {}


async def _known_bad(zscaler: "ZscalerSandbox", arguments: Json) -> Json:
    zscaler.world.known_bad[arguments["md5"].lower()] = (arguments["name"], arguments["type"])
    return {}


async def _app(zscaler: "ZscalerSandbox", arguments: Json) -> Json:
    names = list(arguments["names"])
    if arguments.get("unknown"):
        for name in names:
            zscaler.governance.add_unknown(name, arguments.get("told"))
    else:
        zscaler.governance.add_app(arguments["told"], *names)
    return {}


async def _set(zscaler: "ZscalerSandbox", arguments: Json) -> Json:
    if unknown := set(arguments) - set(_SETTINGS):
        raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
    for name, value in arguments.items():
        of, attribute, read = _SETTINGS[name]
        setattr(attrgetter(of)(zscaler), attribute, read(value))
    return {}


def _one_of(*known: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in known:
            raise ValueError(f"{value} is none of {', '.join(known)}")
        return str(value)

    return read


_SETTINGS: dict[str, tuple[str, str, Callable[[Any], object]]] = {
    "activation": ("world", "activation", _one_of("ACTIVE", "PENDING", "INPROGRESS")),
    "in_maintenance": ("world", "in_maintenance", bool),
    "covered": ("world", "covered", set),
    "governance_allowed": ("world", "governance_allowed", bool),
    "report_s": ("reports", "report_s", float),
    "unready": ("reports", "unready", _one_of("status", "text")),
    "keys_cached_s": ("authorization", "keys_cached_s", float),
    "strict_rates": ("limits", "strict", bool),
    "reports_a_day": ("reports.quota", "allowed", int),
    "submissions_a_day": ("submission_quota", "allowed", int),
    "governance_calls_a_day": ("governance.quota", "allowed", int),
}
"""Whose attribute each setting is, and what reads its value."""


async def _revoke(zscaler: "ZscalerSandbox", _arguments: Json) -> Json:
    zscaler.authorization.revoke()
    zscaler.sessions.end_all()
    return {}


async def _wait(zscaler: "ZscalerSandbox", arguments: Json) -> Json:
    calls, submissions = int(arguments.get("calls", 0)), int(arguments.get("submissions", 0))

    def enough() -> bool:
        return len(zscaler.calls) >= calls and len(zscaler.submissions) >= submissions

    await zscaler.until(enough, float(arguments.get("timeout_s", 10)))
    return {"calls": len(zscaler.calls), "submissions": len(zscaler.submissions)}


_VERBS: dict[str, Callable[["ZscalerSandbox", Json], Awaitable[Json]]] = {
    "info": _info,
    "calls": _calls,
    "log": _log,
    "verdict": _verdict,
    "categorize": _categorize,
    "known_bad": _known_bad,
    "app": _app,
    "set": _set,
    "revoke": _revoke,
    "wait": _wait,
}
