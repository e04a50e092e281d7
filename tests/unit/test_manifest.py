"""The Slack manifest: within Slack's limits, and with exactly the scopes that the code needs.

Limits and names are those of https://github.com/slackapi/manifest-schema (version 1); the scope that a method
or an event needs is on its page under https://docs.slack.dev/reference/.
"""

import ast
import re
from pathlib import Path

import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.cli import check as report

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "manifest.yml").read_text(encoding="utf-8")
MANIFEST = yaml.safe_load(TEXT)
SCOPES = MANIFEST["oauth_config"]["scopes"]["bot"]

CONVERSATIONS = {"channels:read", "groups:read", "im:read", "mpim:read"}
SCOPES_OF_METHOD = {
    "api.test": set(),
    "apps.connections.open": set(),  # an app-level token's connections:write
    "auth.test": set(),
    "chat.delete": {"chat:write"},
    "chat.getPermalink": set(),
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.info": CONVERSATIONS,
    "conversations.list": CONVERSATIONS,
    "conversations.members": CONVERSATIONS,
    "conversations.history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations.replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "files.info": {"files:read"},
    "users.conversations": CONVERSATIONS,
    "bots.info": {"users:read"},
    "users.info": {"users:read"},
    "views.open": set(),
    "views.update": set(),
}
SCOPES_OF_EVENT = {
    "app_mention": {"app_mentions:read"},
    "file_shared": {"files:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
}


CLIENT_METHODS = {
    name: name.replace("_", ".") for name in dir(AsyncWebClient) if re.fullmatch(r"[a-z]\w*_\w+", name)
}


def methods_in(source: str) -> set[str]:
    """The Web API methods that ``source`` calls, by the client's names for them or through ``api_call``."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in CLIENT_METHODS and node.attr != "api_call":
            found.add(CLIENT_METHODS[node.attr])
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "api_call"
        ):
            found |= {ast.literal_eval(argument) for argument in node.args[:1]}
    return found


def test_calls_are_found_in_source():
    source = (
        "await client.chat_postMessage(x=1); say(client.files_info); client.api_call('views.open', json=x)"
    )

    assert methods_in(source) == {"chat.postMessage", "files.info", "views.open"}


def test_the_scopes_are_those_that_the_code_needs_and_no_more():
    needed = {"commands"}
    for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]:
        needed |= SCOPES_OF_EVENT[event]
    for path in (ROOT / "bot").rglob("*.py"):
        for method in methods_in(path.read_text(encoding="utf-8")):
            assert method in SCOPES_OF_METHOD, f"{path.name} calls {method}: say here which scopes it needs"
            needed |= SCOPES_OF_METHOD[method]

    assert needed == set(SCOPES)


def test_the_check_looks_for_the_scopes_of_the_manifest():
    assert set(SCOPES) == report.SCOPES.keys()


def test_every_scope_tells_its_reason():
    for scope in SCOPES:
        assert re.search(rf"^ +- {scope}  # \w.{{10,}}$", TEXT, re.MULTILINE), scope


def test_scopes_and_events_are_sorted_and_told_once():
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]

    assert sorted(set(SCOPES)) == SCOPES
    assert sorted(set(events)) == events == sorted(SCOPES_OF_EVENT)


def test_names_and_texts_are_within_slacks_limits():
    shown = MANIFEST["display_information"]
    command = MANIFEST["features"]["slash_commands"][0]
    shortcut = MANIFEST["features"]["shortcuts"][0]

    assert 1 <= len(shown["name"]) <= 35
    assert 1 <= len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4_000
    assert re.fullmatch(r"#[0-9a-f]{6}", shown["background_color"])
    assert 1 <= len(MANIFEST["features"]["bot_user"]["display_name"]) <= 80
    assert re.fullmatch(r"/[a-z]{1,31}", command["command"])
    assert 1 <= len(command["description"]) <= 2_000
    assert 1 <= len(command["usage_hint"]) <= 1_000
    assert 1 <= len(shortcut["name"]) <= 24
    assert 1 <= len(shortcut["description"]) <= 150


def test_only_keys_that_slack_knows():
    assert MANIFEST["_metadata"] == {"major_version": 1}
    assert set(MANIFEST) == {"_metadata", "display_information", "features", "oauth_config", "settings"}
    assert set(MANIFEST["features"]) == {"app_home", "bot_user", "shortcuts", "slash_commands"}
    assert set(MANIFEST["oauth_config"]) == {"scopes"}
    assert set(MANIFEST["oauth_config"]["scopes"]) == {"bot"}
    assert set(MANIFEST["settings"]) <= {
        "event_subscriptions",
        "interactivity",
        "org_deploy_enabled",
        "socket_mode_enabled",
        "token_rotation_enabled",
    }


def test_what_the_code_counts_on():
    (command,) = MANIFEST["features"]["slash_commands"]
    (shortcut,) = MANIFEST["features"]["shortcuts"]

    assert (command["command"], command["should_escape"]) == ("/appscan", True)
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", "scan_this_build")
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert MANIFEST["settings"]["token_rotation_enabled"] is False
    assert MANIFEST["features"]["app_home"] == {
        "home_tab_enabled": False,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_the_lines_for_http_are_there_and_valid():
    marked = re.sub(r"# ((?:request_)?url: \S+)  # HTTP", r"\1", TEXT)
    http = yaml.safe_load(marked)
    door = "https://appscan.example.com/slack/events"

    assert http["features"]["slash_commands"][0]["url"] == door
    assert http["settings"]["event_subscriptions"]["request_url"] == door
    assert http["settings"]["interactivity"]["request_url"] == door
    assert marked.count(door) == 3
