"""The message about a result, the line in the reply, and the full lists, as a person reads them."""

from dataclasses import replace

import pytest

from bot.core.scan import Source, State
from bot.errors import UsageError
from bot.features.history import views
from bot.features.results import status_views
from bot.features.results.diff import changes
from bot.features.results.modals import FOUND, ResultTab, found_modal
from bot.features.results.models import Changes, Permission, Results, ResultState, Sdk
from bot.features.submission.card import Card
from bot.slack.blocks.paged_modal import ModalState
from sandbox.reading import Reader
from sandbox.slack.blockkit import check_blocks, check_view
from sandbox.world import User, World
from tests.unit.features import samples

WORLD = World()
WORLD.users["U0ANA"] = User(id="U0ANA", name="ana", real_name="Ana")
READER = Reader(WORLD)
FIRST = samples.card(results=samples.RESULTS)
NEXT_ONE = samples.changed(
    FIRST,
    previous=samples.BEFORE,
    previous_link="https://ours.slack.com/archives/C1/p1",
    changes=changes(samples.OLD_RESULTS, samples.RESULTS),
)
IOS = replace(samples.RESULTS, privacy_manifest=samples.MANIFEST)


def told(card: Card, *, mention: bool = True) -> list[str]:
    shown = samples.announcement(card, mention=mention)
    assert check_blocks(shown.blocks) == []
    return list(READER.blocks(shown.blocks))


def state(tab: ResultTab = ResultTab.SDKS, page: int = 0, search: str = "") -> ModalState:
    return ModalState(record=12, channel="C0CHANNEL", tab=tab, page=page, search=search)


def lists(found: Results, at: ModalState) -> list[str]:
    view = found_modal(samples.DONE, found, at)
    assert check_view(view) == []
    return list(READER.blocks(view["blocks"]))


def many(sdks: int) -> Results:
    found = [Sdk(package_id=f"com.example.s{n}", name=f"SDK {n:03}") for n in range(sdks)]
    return replace(samples.RESULTS, sdk_count=sdks, sdks=tuple(found))


def test_what_changed_comes_first():
    assert told(NEXT_ONE) == [
        "📊 @ana What changed in Shop 4.1.0 → 4.2.0, since scan #7:",
        "• 2 new SDKs: AppsFlyer (Targeting), Facebook SDK (Targeting)",
        "• 1 SDK recategorised: Sentry (Functionality → Performance)",
        "• 1 new permission: `android.permission.CAMERA` (high-risk)",
        "• 1 SDK gone: Lottie",
        "📊 SDKs by category",
        "  Targeting: 2",
        "  Functionality: 1",
        "  Performance: 1",
        "4 SDKs: 2 Targeting, 1 Functionality, 1 Performance",
        "2 permissions, 1 high-risk: `android.permission.CAMERA`",
        "[ All SDKs and permissions ]",
        "Scan #12 · scanned Sep 21, 2026 at 2:18 PM · engine 2.0.0",
    ]


def test_the_scan_that_is_compared_with_is_linked_where_all_may_read_it():
    linked = "<https://ours.slack.com/archives/C1/p1|scan #7>"
    assert linked in samples.announcement(NEXT_ONE, mention=True).text
    unlinked = samples.changed(NEXT_ONE, previous_link=None)
    assert "since scan #7:" in samples.announcement(unlinked, mention=True).text


def test_what_went_and_what_rose_in_risk_is_told():
    camera = samples.RESULTS.permissions[0]
    card = samples.changed(
        NEXT_ONE, changes=Changes(permissions_removed=(camera,), permissions_risen=(camera,))
    )
    assert told(card)[1:3] == [
        "• 1 permission high-risk now: `android.permission.CAMERA`",
        "• 1 permission gone: `android.permission.CAMERA`",
    ]


def test_nothing_changed():
    card = samples.changed(NEXT_ONE, changes=Changes())
    line = "📊 @ana Nothing changed in Shop 4.1.0 → 4.2.0 since scan #7: the same SDKs and permissions."
    assert told(card)[0] == line
    again = samples.changed(card, previous=replace(samples.BEFORE, version="4.2.0"))
    assert told(again)[0].startswith("📊 @ana Nothing changed in Shop 4.2.0 since scan #7")


def test_the_first_completed_scan():
    assert told(FIRST)[0] == "📊 @ana Shop 4.2.0 was scanned: the first completed scan of this app here."


def test_the_privacy_manifest_on_ios():
    line = "Privacy manifest: of 12 data types 9 aligned, 2 mismatched, 1 missing"
    assert line in told(samples.changed(FIRST, results=IOS))
    good = replace(samples.MANIFEST, aligned=12, mismatched=0, missing=0)
    aligned = samples.changed(FIRST, results=replace(IOS, privacy_manifest=good))
    assert "Privacy manifest: all 12 data types aligned" in told(aligned)
    changed = samples.changed(NEXT_ONE, results=IOS, changes=changes(samples.RESULTS, IOS))
    assert told(changed)[1] == "• Privacy manifest: 9 aligned, 2 mismatched, 1 missing (before: none)"


def test_long_lists_are_cut_with_a_count():
    card = samples.changed(NEXT_ONE, changes=changes(samples.OLD_RESULTS, many(300)))
    assert told(card)[1].endswith("SDK 007 (Unknown) and 292 more")


def test_more_categories_than_a_chart_takes():
    found = replace(samples.RESULTS, sdk_categories={f"Category {n}": n for n in range(10)}, sdk_count=45)
    lines = told(samples.changed(FIRST, results=found))
    assert lines[2:8] == [
        *(f"  Category {n}: {n}" for n in (9, 8, 7, 6, 5)),
        "  Others: 10",
    ]
    assert lines[8].startswith("45 SDKs: 9 Category 9, 8 Category 8")
    assert lines[8].endswith("6 in other categories")


def test_no_chart_of_nothing():
    empty = Results(scan=samples.RESULTS.scan, sdk_count=0)
    shown = samples.announcement(samples.changed(FIRST, results=empty), mention=True)
    assert "data_visualization" not in {block["type"] for block in shown.blocks}
    assert "*0 SDKs*\n*0 permissions*\n" in shown.text


def test_who_is_mentioned():
    assert "<@U0ANA>" in samples.announcement(FIRST, mention=True).text
    assert "<@" not in samples.announcement(FIRST, mention=False).text
    asked = replace(FIRST, scan=replace(samples.DONE, asked_by="U0BEN"))
    assert "<@U0BEN>" in samples.announcement(asked, mention=True).text
    assert "<@U0ANA>" not in samples.announcement(asked, mention=True).text
    for other in ("B0BOT", None):
        brought = replace(samples.DONE, shared_by=other)
        assert told(replace(FIRST, scan=brought))[0].startswith("📊 Shop 4.2.0 was scanned")


@pytest.mark.parametrize(
    ("state", "how"), [(ResultState.FAILED, "failed"), (ResultState.INTERRUPTED, "was interrupted")]
)
def test_a_scan_without_result_is_told_with_scan_again(state: ResultState, how: str):
    card = samples.card(followed=samples.followed(state))
    assert told(card) == [
        f"❌ @ana OneTrust's scan of Shop 4.2.0 {how}. Press Scan again to submit the same file again. "
        "If it fails again, OneTrust shows why.",
        "[ Scan again ]",
        "Scan #12",
    ]
    assert status_views.SCAN_ONCE_MORE in samples.buttons(samples.reply(card))
    shell = replace(card, scan=replace(samples.DONE, source=Source.SHELL))
    assert "`--again`" in told(shell)[0]
    assert status_views.SCAN_ONCE_MORE not in samples.buttons(samples.reply(shell))


def test_the_line_of_the_reply():
    line = "Scanned Sep 21, 2026 at 2:18 PM: 4 SDKs (2 new), 2 permissions, 1 high-risk"
    shown = samples.reply(NEXT_ONE)
    assert f"📊 {line}" in list(READER.blocks(shown.blocks))
    assert status_views.ALL_FOUND in samples.buttons(shown)
    quiet = samples.changed(FIRST, results=replace(samples.RESULTS, high_risk_count=0))
    assert READER.words(status_views.line(quiet)).endswith("4 SDKs, 2 permissions")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            ResultState.FINDING,
            "OneTrust has accepted it; it does not show in its list of apps yet. "
            "The result comes in this thread.",
        ),
        (ResultState.RUNNING, "OneTrust is scanning it. The result comes in this thread."),
        (ResultState.AMBIGUOUS, "can't tell which scan in OneTrust this is: two of 14:02. Look there"),
        (ResultState.LOST, "found no result in OneTrust: two of 14:02. It has stopped checking. Look there"),
    ],
)
def test_while_there_is_no_result_the_reply_says_what_is_known(state: ResultState, words: str):
    followed = samples.followed(state, "two of 14:02.")
    shown = samples.reply(samples.card(followed=followed, next_at=samples.AT))
    assert words in shown.text
    assert "late" not in shown.text


def test_a_scan_that_does_not_show_for_long_says_where_to_look():
    followed = replace(samples.followed(ResultState.FINDING), looked_at=samples.AT + 600)
    card = samples.card(followed=followed, next_at=samples.AT)
    told = READER.words(status_views.line(card))
    assert "OneTrust accepted it over 10 min ago, but it still does not show in its list of apps." in told
    assert "Look up the request ID in the workflow's log." in told
    assert "scanning" not in told
    assert "FTP" not in told
    by_ftp = replace(samples.DONE, submission=replace(samples.TAKEN, route="ftp"))
    for shown in (status_views.line, lambda each: views.status(each, []).text):
        told = shown(replace(card, scan=by_ftp))
        assert "Perhaps OneTrust could not fetch the file by FTP" in told
        assert "`ONETRUST_FTP_REMOTE_PATH`" in told
    rescan = replace(card, scan=replace(samples.RESCAN, state=State.SUBMITTED))
    assert "does not show among this app's scans" in status_views.line(rescan)
    assert "request ID" not in status_views.line(rescan)


def test_status_tells_each_fact_once():
    scan = replace(samples.DONE, submission=replace(samples.TAKEN, route="webhook"))
    done = replace(samples.followed(ResultState.COMPLETED), ended_at=samples.AT)
    told = READER.words(
        views.status(samples.card(scan=scan, followed=done, results=samples.RESULTS), []).text
    )
    assert "State: submitted; completed by OneTrust, Sep 21, 2026" in told
    for once in ("ompleted", "the webhook", "ubmitted", "ew app"):
        assert told.count(once) == 1, told
    running = samples.card(scan=scan, followed=samples.followed(ResultState.RUNNING), next_at=samples.AT)
    told = READER.words(views.status(running, []).text)
    assert "State: submitted; being scanned by OneTrust" in told
    assert "\nChecked once so far; next check Sep 21" in told
    told = READER.words(views.status(samples.changed(running, next_at=None, is_unread=True), []).text)
    assert "being scanned" not in told
    assert told.count("Results aren't read here: look in OneTrust.") == 1


def test_no_result_is_promised_where_none_can_be_read():
    awaited = samples.card(followed=samples.followed(ResultState.FINDING))
    assert status_views.line(awaited) == ""
    unread = samples.reply(samples.changed(awaited, is_unread=True)).text
    assert unread.count("Results aren't read here: look in OneTrust.") == 1
    unsure = replace(samples.DONE, state=State.UNCERTAIN)
    assert status_views.uncertain(replace(awaited, scan=unsure)) == ""


def test_how_late_a_result_may_be_is_said():
    card = samples.card(
        scan=samples.DONE,
        followed=samples.followed(ResultState.FINDING),
        next_at=samples.AT,
        late_s=1464.0,
        waiting=300,
    )
    assert "With 300 scans waiting it may come up to 24 min late." in status_views.line(card)


def test_when_a_result_is_first_looked_for_is_said():
    followed = replace(samples.followed(ResultState.FINDING), looks=0)
    card = samples.card(followed=followed, next_at=samples.AT)
    assert "The bot first checks" in status_views.line(card)
    unsure = replace(card, scan=replace(samples.DONE, state=State.UNCERTAIN))
    assert READER.words(status_views.uncertain(unsure)).startswith("The bot first checks OneTrust")


def test_what_was_found_in_onetrust_shows_the_scans_id():
    found = replace(samples.DONE, submission=replace(samples.DONE.submission, request_id=None, scan_id="s-1"))
    shown = samples.reply(samples.card(scan=found)).text
    assert "Scan ID: `s-1`" in shown
    assert "Request ID" not in shown


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ResultState.FINDING, "two of 14:02. The bot keeps checking."),
        (ResultState.AMBIGUOUS, "can't tell which scan in OneTrust it would be: two of 14:02."),
        (ResultState.LOST, "did not find it in OneTrust: two of 14:02."),
    ],
)
def test_an_uncertain_scan_says_what_was_looked_at(state: ResultState, words: str):
    scan = replace(samples.DONE, state=State.UNCERTAIN)
    followed = samples.followed(state, "two of 14:02.")
    shown = samples.reply(samples.card(scan=scan, followed=followed, next_at=samples.AT))
    assert words in shown.text


def test_the_full_list_of_sdks():
    assert lists(samples.RESULTS, state())[2:] == [
        "Search (optional): [A name, a vendor, a category]",
        *("AppsFlyer by AppsFlyer · Targeting", "`com.appsflyer`"),
        *("Facebook SDK by Meta · Targeting", "`com.facebook`"),
        *("OkHttp by Square · Functionality", "`okhttp3`"),
        *("Sentry by Functional Software · Performance", "`io.sentry`", "Reports errors."),
    ]


def test_the_tabs():
    assert lists(samples.RESULTS, state())[1] == "[ SDKs (4) ] [ Permissions (2) ]"
    assert lists(IOS, state())[1] == "[ SDKs (4) ] [ Permissions (2) ] [ Privacy manifest ]"
    assert lists(samples.RESULTS, state(ResultTab.PERMISSIONS))[3] == (
        "`android.permission.CAMERA` · high-risk · Device Hardware"
    )
    assert lists(IOS, state(ResultTab.MANIFEST))[3:6] == [
        "Privacy manifest: of 12 data types 9 aligned, 2 mismatched, 1 missing",
        "Device id: 3 SDKs, 2 mismatches",
        "For app functionality, analytics",
    ]
    assert lists(samples.RESULTS, state(ResultTab.MANIFEST)) == lists(samples.RESULTS, state())


def test_pages():
    found = many(2 * FOUND.page_size + 1)
    first, middle, last = (lists(found, state(page=page)) for page in range(3))
    assert first[3].startswith("SDK 000")
    assert first[-2:] == ["1 to 20 of 41", "[ Next ]"]
    assert middle[-2:] == ["21 to 40 of 41", "[ Previous ] [ Next ]"]
    assert last[-2:] == ["41 to 41 of 41", "[ Previous ]"]
    assert lists(found, state(page=99)) == last


@pytest.mark.parametrize("search", ["meta", "FACEBOOK targ", "com.face"])
def test_search(search: str):
    shown = lists(samples.RESULTS, state(search=search))
    assert [line for line in shown if "Facebook SDK" in line]
    assert not [line for line in shown if "Sentry" in line]


def test_a_search_that_finds_nothing():
    shown = lists(samples.RESULTS, state(search="no such"))
    assert shown[-1] == "No SDK matches `no such`. Clear the search to see all."
    none = replace(samples.RESULTS, permissions=(), permission_count=0)
    assert lists(none, state(ResultTab.PERMISSIONS))[-1] == "No permission was found."


def typed(at: ModalState, words: str | None) -> dict[str, object]:
    view = found_modal(samples.DONE, many(50), at)
    element = next(block for block in view["blocks"] if block["type"] == "input")
    value = {element["element"]["action_id"]: {"type": "plain_text_input", "value": words}}
    return {**view, "state": {"values": {element["block_id"]: value}}}


def test_the_form_says_where_it_is():
    assert FOUND.read(typed(state(page=1), None)) == state(page=1)
    assert FOUND.read(typed(state(page=1, search="sdk"), "sdk")) == state(page=1, search="sdk")
    assert FOUND.read(typed(state(page=1), "new words")) == state(search="new words")


def test_turning_pages_and_tabs():
    assert FOUND.pressed(state(search="x"), FOUND.next_id, "2") == state(page=2, search="x")
    assert FOUND.pressed(state(page=2), FOUND.previous_id, "1") == state(page=1)
    assert FOUND.pressed(state(page=2, search="x"), ResultTab.PERMISSIONS, "") == state(
        ResultTab.PERMISSIONS, search="x"
    )
    for odd in ("", "-1", "x", "9" * 50, "²"):
        assert FOUND.pressed(state(page=2), FOUND.next_id, odd).page == 0


def test_a_form_that_is_not_ours():
    for kept in ("", "[]", "nonsense", '{"scan": "12", "channel": "C1"}', '{"scan": 12, "channel": 3}'):
        with pytest.raises(UsageError):
            FOUND.read({"private_metadata": kept})
    odd = FOUND.read(
        {"private_metadata": '{"scan": 12, "tab": {}, "page": -1, "channel": "C1", "search": ""}'}
    )
    assert odd == FOUND.opened(12, "C1")


def test_a_full_page_of_the_widest_entries():
    wide = "&" * 5000
    sdk = Sdk(package_id=wide, name=wide, vendor=wide, category=wide, description=wide)
    asked = Permission(name=wide, category=wide, description=wide, status=wide, sensitivity="HIGH")
    found = replace(
        samples.RESULTS,
        sdk_categories={f"{n}{wide}": n for n in range(1, 30)},
        sdks=(sdk,) * 500,
        permissions=(asked,) * 500,
    )
    card = samples.changed(NEXT_ONE, results=found, changes=changes(samples.OLD_RESULTS, found))
    assert told(card)
    for tab in ResultTab:
        assert lists(found, state(tab, page=3, search="&"))
