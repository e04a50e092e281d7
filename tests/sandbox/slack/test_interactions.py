"""Commands, buttons, modals and shortcuts, with a real Bolt app behind them."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sandbox.clock import HeldClock
from sandbox.slack import App, CannotDo, SlackSandbox
from sandbox.world import World
from tests.sandbox.slack.bolt import bolt_app, connected


def plain(text):
    return {"type": "plain_text", "text": text}


def button(label, action_id="go", **more):
    return {"type": "button", "text": plain(label), "action_id": action_id, **more}


def actions(*elements):
    return [{"type": "actions", "elements": list(elements)}]


def modal(*blocks, **more):
    return {
        "type": "modal",
        "callback_id": "ask",
        "title": plain("Rescan"),
        "submit": plain("Go"),
        "blocks": list(blocks),
        **more,
    }


APP_ID = {
    "type": "input",
    "block_id": "app",
    "label": plain("App ID"),
    "element": {"type": "plain_text_input", "action_id": "id", "min_length": 3},
}


async def test_a_command_is_acked_and_answered(slack, ana):
    app = bolt_app(slack)
    seen = []

    @app.command("/appscan")
    async def run(ack, respond, command):
        seen.append(command)
        await ack("one moment")
        await respond("done")
        await respond("all see this", response_type="in_channel")

    ben = slack.person("ben")
    async with connected(slack, app):
        typed = await ana.slash(
            "builds", "/appscan", "history by:@ben in:#builds https://x.example/?a=1&b=2 <x>"
        )
        await slack.until(lambda: len(typed.answers) == 3)
        await slack.settled()
    channel = slack.channel("builds")
    assert typed.acked
    assert seen[0]["text"] == (
        f"history by:<@{ben.id}|ben> in:<#{channel.id}|builds> <https://x.example/?a=1&amp;b=2> &lt;x&gt;"
    )
    assert (seen[0]["user_id"], seen[0]["channel_name"]) == (ana.id, "builds")
    assert sorted(answer.text for answer in typed.answers) == ["all see this", "done", "one moment"]
    assert sorted(message.text for message in ana.ephemerals("builds")) == ["done", "one moment"]
    assert ben.ephemerals() == []
    assert [message.text for message in ben.messages("builds")] == ["all see this"]


async def test_a_command_nobody_takes_fails_for_the_person(slack, ana):
    slack.faults.add("command", drop=True)
    app = bolt_app(slack)
    async with connected(slack, app):
        assert (await ana.slash("builds", "/appscan")).error == "dispatch_failed"
    assert (await ana.slash("builds", "/appscan")).error == "operation_timeout"
    with pytest.raises(CannotDo):
        await ana.slash("builds", "/other")
    with pytest.raises(CannotDo):
        await slack.person("eve").slash("builds", "/appscan")


async def test_without_should_escape_a_command_comes_as_typed():
    async with SlackSandbox(app=App(commands={"/scan": False})) as slack:
        slack.channel("builds", members=["ana"])
        app = bolt_app(slack)
        seen = []

        @app.command("/scan")
        async def run(ack, command):
            await ack()
            seen.append(command["text"])

        async with connected(slack, app):
            await slack.person("ana").slash("builds", "/scan", "@ana https://x.example")
            await slack.until(lambda: seen)
        assert seen == ["@ana https://x.example"]


async def test_a_button_updates_its_message(slack, ana, client):
    app = bolt_app(slack)
    seen = []

    @app.action("go")
    async def go(ack, body, client):
        await ack()
        seen.append(body)
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text=f"got {body['actions'][0]['value']}"
        )

    channel = slack.channel("builds")
    posted = await client.chat_postMessage(
        channel=channel.id,
        text="?",
        blocks=actions(button("Scan", value="1"), button("Skip", "skip", url="https://x.example/a")),
    )
    async with connected(slack, app):
        with pytest.raises(CannotDo, match="no button"):
            await ana.press("builds", posted["ts"], "gone")
        pressed = await ana.press("builds", posted["ts"], "Scan")
        message = slack.world.find_message(channel.id, posted["ts"])
        await slack.until(lambda: message.text == "got 1")
        with pytest.raises(CannotDo):
            await ana.press("builds", posted["ts"], "go")
    assert pressed.acked
    assert (message.blocks, message.versions) == ([], 2)
    assert seen[0]["message"]["blocks"][0]["elements"][0]["value"] == "1"
    assert seen[0]["container"]["channel_id"] == channel.id


async def test_ambiguous_buttons_are_told_apart_by_value(slack, ana, client):
    posted = await client.chat_postMessage(
        channel=slack.channel("builds").id,
        text="?",
        blocks=[*actions(button("A", value="1")), *actions(button("B", value="2"))],
    )
    app = bolt_app(slack)
    seen = []

    @app.action("go")
    async def go(ack, action):
        await ack()
        seen.append(action["value"])

    async with connected(slack, app):
        with pytest.raises(CannotDo, match="2 buttons"):
            await ana.press("builds", posted["ts"], "go")
        await ana.press("builds", posted["ts"], "go", "2")
        await slack.until(lambda: seen)
    assert seen == ["2"]


async def test_a_button_in_an_ephemeral_message_replaces_and_removes_it(slack, ana):
    app = bolt_app(slack)

    @app.command("/appscan")
    async def run(ack):
        await ack({"response_type": "ephemeral", "blocks": actions(button("More"), button("Close", "end"))})

    @app.action("go")
    async def go(ack, body, respond):
        await ack()
        assert "message" not in body
        await respond(text="page 2", blocks=actions(button("Close", "end")), replace_original=True)

    @app.action("end")
    async def end(ack, respond):
        await ack()
        await respond(delete_original=True)

    ben = slack.person("ben")
    async with connected(slack, app):
        await ana.slash("builds", "/appscan")
        shown = ana.ephemerals("builds")[0]
        with pytest.raises(CannotDo):
            await ben.press("builds", shown.ts, "go")
        await ana.press("builds", shown.ts, "go")
        await slack.until(lambda: shown.text == "page 2")
        await ana.press("builds", shown.ts, "Close")
        await slack.until(lambda: not ana.ephemerals("builds"))
        with pytest.raises(CannotDo):
            await ana.press("builds", shown.ts, "Close")


async def test_a_modal_is_opened_refused_and_submitted(slack, ana, client):
    app = bolt_app(slack)
    submitted = []

    @app.action("go")
    async def go(ack, body, client):
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(APP_ID, private_metadata="7"))

    @app.view("ask")
    async def submit(ack, view):
        submitted.append(view)
        if view["state"]["values"]["app"]["id"]["value"] == "wrong":
            await ack(response_action="errors", errors={"app": "no such app"})
        else:
            await ack()

    posted = await client.chat_postMessage(
        channel=slack.channel("builds").id, text="?", blocks=actions(button("Rescan as…"))
    )
    async with connected(slack, app):
        await ana.press("builds", posted["ts"], "go")
        view = await slack.until(ana.open_view)
        with pytest.raises(CannotDo, match="filled in"):
            await ana.submit_view()
        with pytest.raises(CannotDo, match="characters"):
            await ana.submit_view({"id": "ab"})
        with pytest.raises(CannotDo, match="no input"):
            await ana.submit_view({"id": "abc", "other": "abc"})
        refused = await ana.submit_view({"id": "wrong"})
        assert (refused.errors, ana.open_view()) == ({"app": "no such app"}, view)
        taken = await ana.submit_view({"app": "right"}, view_id=view.id)
    assert (taken.errors, taken.error, ana.open_view()) == ({}, "", None)
    assert [one["private_metadata"] for one in submitted] == ["7", "7"]


async def test_views_are_updated_pushed_and_closed(slack, ana):
    app = bolt_app(slack)
    closed = []
    menu = {
        "type": "input",
        "block_id": "platform",
        "optional": True,
        "label": plain("Platform"),
        "element": {
            "type": "static_select",
            "action_id": "of",
            "options": [{"text": plain("iOS"), "value": "ios"}],
        },
    }

    @app.command("/appscan")
    async def run(ack, body, client):
        await ack()
        opened = await client.views_open(trigger_id=body["trigger_id"], view=modal(APP_ID))
        view = opened["view"]
        await client.views_update(
            view_id=view["id"], hash=view["hash"], view=modal(APP_ID, menu, notify_on_close=True)
        )
        with pytest.raises(SlackApiError, match="hash_conflict"):
            await client.views_update(view_id=view["id"], hash=view["hash"], view=modal(APP_ID))
        with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
            await client.views_open(trigger_id=body["trigger_id"], view=modal(APP_ID))

    @app.view("ask")
    async def submit(ack, view):
        if view["state"]["values"]["platform"]["of"]["selected_option"]:
            await ack(response_action="push", view=modal(callback_id="second", submit=None))

    @app.view_closed("ask")
    async def close(ack, view):
        await ack()
        closed.append(view["id"])

    async with connected(slack, app):
        await ana.slash("builds", "/appscan")
        first = await slack.until(
            lambda: (view := ana.open_view()) and len(view.spec["blocks"]) == 2 and view
        )
        await slack.until(lambda: len(slack.called("views.open")) == 2)
        await ana.submit_view({"id": "abc", "of": "iOS"})
        assert ana.open_view().previous_id == first.id
        with pytest.raises(CannotDo, match="can't be submitted"):
            await ana.submit_view()
        await ana.close_view()
        assert ana.open_view() is first
        await ana.close_view()
        await slack.until(lambda: closed)
    assert ana.open_view() is None
    assert closed == [first.id]


async def test_a_trigger_expires_after_three_seconds():
    clock = HeldClock()
    async with SlackSandbox(World(clock=clock)) as slack:
        slack.channel("builds", members=["ana"])
        app = bolt_app(slack)
        errors = []

        @app.command("/appscan")
        async def run(ack, body, client):
            await ack()
            clock.advance(3.5)
            for trigger_id in (body["trigger_id"], "made.up"):
                with pytest.raises(SlackApiError) as refused:
                    await client.views_open(trigger_id=trigger_id, view=modal(APP_ID))
                errors.append(refused.value.response["error"])

        async with connected(slack, app):
            await slack.person("ana").slash("builds", "/appscan")
            await slack.until(lambda: len(errors) == 2)
        assert errors == ["expired_trigger_id", "invalid_trigger_id"]


async def test_a_response_url_is_good_for_five_answers_in_half_an_hour():
    clock = HeldClock()
    async with SlackSandbox(World(clock=clock)) as slack:
        slack.channel("builds", members=["ana"])
        app = bolt_app(slack)

        @app.command("/appscan")
        async def run(ack):
            await ack()

        async with connected(slack, app):
            typed = await slack.person("ana").slash("builds", "/appscan")
        hook = AsyncWebhookClient(typed.response_url)
        too_long = await hook.send(blocks=[{"type": "header", "text": plain("x" * 151)}])
        statuses = [(await hook.send(text=str(nth))).status_code for nth in range(6)]
        late = await AsyncWebhookClient(typed.response_url.replace("commands", "actions")).send(text="x")
    assert (too_long.status_code, "invalid_blocks" in too_long.body) == (400, True)
    assert statuses == [200] * 5 + [404]
    assert "expired_url" in late.body
    assert [answer.text for answer in typed.answers] == ["0", "1", "2", "3", "4"]


async def test_a_shortcut_works_where_the_bot_is_not(slack, ana):
    slack.channel("secret", kind="private", members=["ana"], bot=False)
    shared = ana.share("secret", [("a.apk", b"PK")])
    app = bolt_app(slack)
    seen = []

    @app.shortcut("scan")
    async def scan(ack, shortcut, respond):
        await ack()
        seen.append(shortcut)
        await respond("please invite me")

    async with connected(slack, app):
        used = await ana.shortcut("secret", shared.ts, "scan")
        await slack.until(lambda: used.answers)
    assert seen[0]["message"]["files"][0]["name"] == "a.apk"
    assert (seen[0]["channel"]["name"], seen[0]["message_ts"]) == ("privategroup", shared.ts)
    assert ana.ephemerals("secret")[0].text == "please invite me"
