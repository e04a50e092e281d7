"""Threads and modals as a person reads them."""

import pytest

from sandbox.clock import HeldClock
from sandbox.reading import Reader, size_words
from sandbox.world import FileMode, View, World

AT = 1_793_649_600.0  # Mon 2 November 2026, 20:00 UTC


@pytest.fixture
def world():
    return World(clock=HeldClock(AT))


@pytest.fixture
def ana(world):
    return world.add_user("ana", tz="Europe/Berlin")


@pytest.fixture
def reader(world, ana):
    return Reader(world, ana)


def plain(text):
    return {"type": "plain_text", "text": text}


def marked(text):
    return {"type": "mrkdwn", "text": text}


def button(label):
    return {"type": "button", "text": plain(label)}


def test_marks_become_words(world, ana, reader):
    channel = world.add_channel("builds")
    text = (
        f"<@{ana.id}> in <#{channel.id}|builds>: *bold* _it_ ~no~ `*code*` "
        "<https://x.example|the log> <https://y.example> &lt;b&gt; &amp; :white_check_mark: <!here> a*b*c"
    )
    assert reader.words(text) == (
        "@ana in #builds: bold it no `*code*` the log https://y.example <b> & ✅ @here a*b*c"
    )
    assert reader.words("<@U0> *x*", marked=False) == "<@U0> *x*"


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("{date_short} at {time}", "Nov 2, 2026 at 9:00 PM"),
        ("{date_pretty}", "today"),
        ("{date_long}", "Monday, November 2nd, 2026"),
        ("{date_num} {time_secs} {nonsense}", "2026-11-02 9:00:00 PM {nonsense}"),
        ("{ago}", "just now"),
    ],
)
def test_dates_are_told_in_the_readers_time_zone(reader, form, told):
    assert reader.words(f"<!date^{AT:.0f}^{form}|fallback>") == told


@pytest.mark.parametrize(
    ("moved_s", "told"), [(-90, "1 minute ago"), (7300, "in 2 hours"), (-3 * 86400, "3 days ago")]
)
def test_how_long_ago(reader, moved_s, told):
    assert reader.words(f"<!date^{AT + moved_s:.0f}^{{ago}}|x>") == told


def test_a_thread_reads_from_top_to_bottom(world, ana, reader):
    bot = world.add_user("appscan", is_bot=True)
    channel = world.add_channel("builds", members=[ana.id, bot.id])
    apk = world.add_file("shop.apk", b"x" * 1500, user=ana.id)
    gone = world.add_file("old.apk", b"x", user=ana.id, mode=FileMode.TOMBSTONE)
    head = world.post(channel.id, user=ana.id, text="two builds", files=[apk, gone])
    blocks = [
        {"type": "header", "text": plain("Submitted")},
        {
            "type": "section",
            "text": marked("*Shop* 4.2"),
            "fields": [marked("*Size*\n1 kB"), marked("*OS*\niOS"), marked("new")],
        },
        {"type": "section", "text": marked("log"), "accessory": button("Open")},
        {"type": "divider"},
        {"type": "context", "elements": [marked("took 3 s"), plain("· new")]},
        {"type": "actions", "elements": [button("Scan"), button("No")]},
    ]
    reply = world.post(channel.id, user=bot.id, bot_id=bot.bot_id, text="x", blocks=blocks, thread_ts=head.ts)
    whisper = world.post(channel.id, user=bot.id, bot_id=bot.bot_id, text="psst", ephemeral_to=ana.id)
    assert reader.thread([head, reply, whisper]) == (
        "ana 21:00\n"
        "  two builds\n"
        "  📎 shop.apk (1.5 kB)\n"
        "  📎 this file was deleted\n"
        "    appscan [app] 21:00\n"
        "      Submitted\n"
        "      Shop 4.2\n"
        "      Size: 1 kB   OS: iOS\n"
        "      new\n"
        "      log\n"
        "      [ Open ]\n"
        "      ────────\n"
        "      took 3 s · new\n"
        "      [ Scan ] [ No ]\n"
        "    appscan [app] 21:00 (only visible to you)\n"
        "      psst"
    )
    world.rewrite(head, by=ana.id, text="one build")
    assert reader.message(head).startswith("ana 21:00 (edited)\n  one build")
    world.delete(head)
    assert reader.message(head) == "This message was deleted."


def test_tables_and_rich_text(world, ana, reader):
    channel = world.add_channel("builds")
    rich = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "user", "user_id": ana.id},
                    {"type": "text", "text": " see "},
                    {"type": "link", "url": "https://x.example"},
                    {"type": "text", "text": " id", "style": {"code": True}},
                    {"type": "channel", "channel_id": channel.id},
                    {"type": "emoji", "name": "x"},
                ],
            },
            {
                "type": "rich_text_list",
                "style": "ordered",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}],
            },
        ],
    }
    rows = [[{"type": "raw_text", "text": text} for text in row] for row in (("App", "Scans"), ("Shop", "3"))]
    segments = [{"label": "iOS", "value": 2}, {"label": "Android", "value": 3}]
    series = [{"name": "passed", "data": [{"label": "Mon", "value": 4}]}]
    charts = [
        {"type": "pie", "segments": segments},
        {"type": "bar", "series": series, "axis_config": {"categories": ["Mon"]}},
    ]
    shown = [{"type": "data_visualization", "title": "Builds", "chart": chart} for chart in charts]
    assert list(reader.blocks([rich, {"type": "table", "rows": rows}, *shown])) == [
        "@ana see https://x.example` id`#builds❌",
        "1. one",
        "App  | Scans",
        "Shop | 3",
        "📊 Builds",
        "  iOS: 2",
        "  Android: 3",
        "📊 Builds",
        "  Mon: passed 4",
    ]


def test_a_modal_with_what_is_wrong(reader, ana):
    blocks = [
        {
            "type": "input",
            "block_id": "app",
            "label": plain("App ID"),
            "hint": plain("see OneTrust"),
            "element": {"type": "plain_text_input", "placeholder": plain("a UUID")},
        },
        {
            "type": "input",
            "block_id": "os",
            "optional": True,
            "label": plain("Platform"),
            "element": {
                "type": "static_select",
                "options": [{"text": plain("iOS")}, {"text": plain("Android")}],
            },
        },
    ]
    spec = {"title": plain("Rescan"), "submit": plain("Go"), "close": plain("Cancel"), "blocks": blocks}
    view = View(id="V1", user=ana.id, spec=spec, hash="", root_id="V1", errors={"app": "no such app"})
    assert reader.view(view) == (
        "== Rescan ==\n"
        "App ID: [a UUID]\n"
        "  see OneTrust\n"
        "  ! no such app\n"
        "Platform (optional): [ static_select ▾ iOS / Android ]\n"
        "[ Cancel ] [ Go ]"
    )


@pytest.mark.parametrize(
    ("size_bytes", "told"),
    [(0, "0 bytes"), (999, "999 bytes"), (64_000_000, "64.0 MB"), (10**12, "1000.0 GB")],
)
def test_sizes(size_bytes, told):
    assert size_words(size_bytes) == told
