"""What the control APIs of the stand-ins have in common: how they are asked, and the verbs about faults.

``POST /control/<verb>`` with a JSON object. The answer is a JSON object, with ``error`` and a status of 400
(wrong arguments), 408 (waited in vain) or 415 (no JSON). That it must be JSON keeps web pages out, which a
browser on this machine may show.

================  ===========================================================================================
``points``        the names of the points of faults, each with the fields that are looked at there
``fault``         ``point``, ``times``, ``where``, ``hold``, and fields of ``Fault``: gives its ``number``
``reached``       ``number``, ``timeout_s``: waits until somebody is held by that rule
``release``       ``number``: lets those go on that it holds
``clear_faults``  cancels every rule
================  ===========================================================================================
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.faults import Faults

Json = dict[str, Any]
"""A JSON object."""

Verb = Callable[[Faults, Json], Awaitable[Json]]


async def answered(request: web.Request, run: Callable[[str, Json], Awaitable[Json]]) -> web.StreamResponse:
    """Answer a request to ``/control/{verb}`` with what ``run`` gives, or with what is wrong."""
    if request.content_type != "application/json":
        return web.json_response({"error": "send JSON"}, status=415)
    try:
        answer = await run(request.match_info["verb"], dict(json.loads(await request.text() or "{}")))
    except TimeoutError as exc:
        return web.json_response({"error": str(exc)}, status=408)
    except (LookupError, TypeError, ValueError, OSError) as exc:  # such as a file to share that is not there
        return web.json_response({"error": f"{type(exc).__name__}: {exc}"}, status=400)
    return web.json_response(answer)


async def _points(faults: Faults, _arguments: Json) -> Json:
    return {"points": {name: sorted(point.fields) for name, point in sorted(faults.points.items())}}


async def _fault(faults: Faults, arguments: Json) -> Json:
    return {"number": faults.add(arguments.pop("point"), **arguments).number}


async def _reached(faults: Faults, arguments: Json) -> Json:
    rule = faults.rule(int(arguments["number"]))
    timeout_s = float(arguments.get("timeout_s", 10))
    try:
        async with asyncio.timeout(timeout_s):
            await rule.reached()
    except TimeoutError as exc:
        raise TimeoutError(f"nobody came to {rule.point} within {timeout_s:g} s") from exc
    return {"used": rule.used}


async def _release(faults: Faults, arguments: Json) -> Json:
    faults.rule(int(arguments["number"])).release()
    return {}


async def _clear_faults(faults: Faults, _arguments: Json) -> Json:
    faults.clear()
    return {}


FAULT_VERBS: dict[str, Verb] = {
    "points": _points,
    "fault": _fault,
    "reached": _reached,
    "release": _release,
    "clear_faults": _clear_faults,
}
"""By name; each takes the faults of its stand-in, and the arguments.

Raises:
    TimeoutError: what was waited for did not come.
    LookupError, TypeError, ValueError: the arguments are wrong.
"""
