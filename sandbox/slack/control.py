"""The control API: acting as a person, adding faults and waiting, from another process.

``POST /control/<verb>`` with a JSON object; ``as`` names the person. The answer is a JSON object, with
``error`` and a status of 400 (wrong arguments), 408 (waited in vain) or 409 (a person can't do that).

=================  ==========================================================================================
``info``           addresses, tokens and IDs of the stand-in
``person``         ``as``, and fields of ``World.add_user``: makes a person
``channel``        ``name``, ``kind``, ``members``, ``bot``: makes a conversation
``im``             the person's conversation with the bot
``say``            ``channel``, ``text``, ``thread_ts``
``share``          ``files`` (``name`` with ``path`` or ``base64``), ``channel``, ``comment``, ``thread_ts``,
                   ``as_app``
``edit``           ``channel``, ``ts``, ``text``
``delete``         ``channel``, ``ts``
``delete_file``    ``file``
``invite_bot``     ``channel``; so ``kick_bot``, ``join``, ``leave``, ``archive``
``slash``          ``channel``, ``command``, ``text``, ``answers`` (how many to wait for), ``timeout_s``
``press``          ``channel``, ``ts``, ``action``, ``value``, ``block_id``, ``answers``, ``timeout_s``
``shortcut``       ``channel``, ``ts``, ``callback_id``, ``answers``, ``timeout_s``
``submit_view``    ``values``; so ``press_in_view`` (``action``, ``value``) and ``close_view``
``thread``         ``channel``, ``ts``: messages and ``text`` as the person reads it
``messages``       ``channel``; so ``ephemerals``
``view``           the modal before the person
``calls``          ``since`` (a count): the log of the bot's calls
``wait``           ``since`` (a count of changes), ``timeout_s``: the count once something has changed
``disconnect``     ``reason``, ``close``, ``which`` (0 is the oldest connection; all if not given)
``cut``            ``which``: breaks sockets without a word
``most_sockets``   ``count``: how many connections the app may have
=================  ==========================================================================================

The verbs about faults (``points``, ``fault``, ``reached``, ``release``, ``clear_faults``) are told in
``sandbox.control``.
"""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.control import FAULT_VERBS
from sandbox.reading import Reader
from sandbox.slack.interactions import Invocation
from sandbox.slack.person import Person
from sandbox.world import Json, Message

if TYPE_CHECKING:
    from sandbox.slack.server import SlackSandbox

_PLAIN_ACTS = {"say", "edit", "delete", "delete_file", "invite_bot", "kick_bot", "join", "leave", "archive"}


async def control(slack: "SlackSandbox", verb: str, arguments: Json) -> Json:
    """Do one verb.

    Raises:
        CannotDo: a person can't do that.
        TimeoutError: what was waited for did not come.
        KeyError, TypeError, ValueError: there is no such verb, or its arguments are wrong.
    """
    if verb in FAULT_VERBS:
        return await FAULT_VERBS[verb](slack.faults, dict(arguments))
    run = _VERBS[verb]
    return await run(slack, dict(arguments))


def _message(reader: Reader, message: Message) -> Json:
    return {
        **{name: part for name, part in asdict(message).items() if part not in (None, [], "")},
        "reads": reader.body(message),
    }


def _person(slack: "SlackSandbox", arguments: Json) -> tuple[Person, Reader]:
    person = slack.person(arguments.pop("as"))
    return person, Reader(slack.world, person.user)


async def _info(slack: "SlackSandbox", _arguments: Json) -> Json:
    return {
        "api_url": slack.api_url,
        "team_url": slack.team_url,
        "bot_token": slack.bot_token,
        "app_token": slack.app_token,
        "signing_secret": slack.signing_secret,
        "bot_user_id": slack.bot_user_id,
        "bot_id": slack.bot_id,
        "changes": slack.world.changes.count,
        "connections": slack.socket.connections,
        "greeted": slack.socket.greeted,
        "pending": slack.pending,
    }


async def _make_person(slack: "SlackSandbox", arguments: Json) -> Json:
    return {"id": slack.person(arguments.pop("as"), **arguments).id}


async def _make_channel(slack: "SlackSandbox", arguments: Json) -> Json:
    return {"id": slack.channel(arguments.pop("name"), **arguments).id}


async def _im(slack: "SlackSandbox", arguments: Json) -> Json:
    return {"id": _person(slack, arguments)[0].im().id}


def _act(verb: str) -> Callable[["SlackSandbox", Json], Awaitable[Json]]:
    names = {"ts": "ts", "file": "file_id"}

    async def run(slack: "SlackSandbox", arguments: Json) -> Json:
        person, _ = _person(slack, arguments)
        done = getattr(person, verb)(**{names.get(name, name): part for name, part in arguments.items()})
        return {"ts": done.ts} if isinstance(done, Message) else {}

    return run


async def _share(slack: "SlackSandbox", arguments: Json) -> Json:
    person, _ = _person(slack, arguments)
    files: list[tuple[str, bytes | Path]] = []
    for file in arguments.pop("files"):
        content = Path(file["path"]) if "path" in file else base64.b64decode(file["base64"])
        files.append((file["name"], content))
    shared = person.share(arguments.pop("channel"), files, arguments.pop("comment", ""), **arguments)
    return {"channel": shared.channel, "ts": shared.ts, "files": shared.files}


def _invoke(verb: str) -> Callable[["SlackSandbox", Json], Awaitable[Json]]:
    async def run(slack: "SlackSandbox", arguments: Json) -> Json:
        person, reader = _person(slack, arguments)
        wanted, timeout_s = int(arguments.pop("answers", 0)), float(arguments.pop("timeout_s", 10))
        if "ts" in arguments:
            arguments["message_ts"] = arguments.pop("ts")
        invocation: Invocation = await getattr(person, verb)(**arguments)
        if not invocation.error:
            await slack.until(lambda: len(invocation.answers) >= wanted, timeout_s)
        return {
            "acked": invocation.acked,
            "error": invocation.error,
            "errors": invocation.errors,
            "url": invocation.url,
            "answers": [_message(reader, answer) for answer in invocation.answers],
        }

    return run


async def _thread(slack: "SlackSandbox", arguments: Json) -> Json:
    person, reader = _person(slack, arguments)
    messages = person.thread(arguments["channel"], arguments["ts"])
    told = [_message(reader, message) for message in messages]
    return {"text": reader.thread(messages), "messages": told, "changes": slack.world.changes.count}


def _listing(verb: str) -> Callable[["SlackSandbox", Json], Awaitable[Json]]:
    async def run(slack: "SlackSandbox", arguments: Json) -> Json:
        person, reader = _person(slack, arguments)
        messages: list[Message] = getattr(person, verb)(**arguments)
        told = [_message(reader, message) for message in messages]
        return {"messages": told, "changes": slack.world.changes.count}

    return run


async def _view(slack: "SlackSandbox", arguments: Json) -> Json:
    person, reader = _person(slack, arguments)
    view = person.open_view()
    changes = slack.world.changes.count
    if view is None:
        return {"view": None, "changes": changes}
    return {"view": {"id": view.id, "state": view.state, "reads": reader.view(view)}, "changes": changes}


async def _calls(slack: "SlackSandbox", arguments: Json) -> Json:
    since = int(arguments.get("since", 0))
    return {"calls": [asdict(call) for call in slack.calls[since:]], "count": len(slack.calls)}


async def _wait(slack: "SlackSandbox", arguments: Json) -> Json:
    since = int(arguments["since"])
    changes = slack.world.changes
    await slack.until(lambda: changes.count > since, float(arguments.get("timeout_s", 10)))
    return {"changes": changes.count}


async def _disconnect(slack: "SlackSandbox", arguments: Json) -> Json:
    await slack.socket.disconnect(
        arguments["reason"], close=bool(arguments.get("close", True)), which=arguments.get("which")
    )
    return {}


async def _cut(slack: "SlackSandbox", arguments: Json) -> Json:
    slack.socket.cut(arguments.get("which"))
    return {}


async def _most_sockets(slack: "SlackSandbox", arguments: Json) -> Json:
    slack.socket.most = int(arguments["count"])
    return {}


_VERBS: dict[str, Callable[["SlackSandbox", Json], Awaitable[Json]]] = {
    "info": _info,
    "person": _make_person,
    "channel": _make_channel,
    "im": _im,
    "share": _share,
    "thread": _thread,
    "messages": _listing("messages"),
    "ephemerals": _listing("ephemerals"),
    "view": _view,
    "calls": _calls,
    "wait": _wait,
    "disconnect": _disconnect,
    "cut": _cut,
    "most_sockets": _most_sockets,
    **{verb: _act(verb) for verb in _PLAIN_ACTS},
    **{verb: _invoke(verb) for verb in ("slash", "press", "shortcut", "submit_view", "close_view")},
    "press_in_view": _invoke("press_in_view"),
}
