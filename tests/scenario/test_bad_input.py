"""Bad input gets a clear sentence, and nothing is submitted."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from sandbox.builds import make_zip
from sandbox.bundles import make_aab
from sandbox.slack import Shared
from sandbox.world import FileMode
from tests.scenario.office import APP_ID, Office, apk, ipa

LIMIT_BYTES = 64_000_000
SIGN_IN_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>\n"


@pytest.fixture(autouse=True)
def _hurried(place: Office):
    place.clock.hurried = True


async def _refused(place: Office, shared: Shared, *words: str) -> str:
    """Wait until a share was refused with these words; show that OneTrust heard nothing of it."""
    told = place.read(await place.reply(shared, *words))
    assert place.onetrust.count("webhook") == 0
    assert place.onetrust.received == []
    assert len(place.posts(shared)) == 1
    assert "shared by @dana" in told
    return told


def _locked(build: bytes) -> bytes:
    """Return a build whose entries are all marked as encrypted; Android reads on if they are not."""
    data = bytearray(build)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + flags] |= 1
            at = data.find(signature, at + 4)
    return bytes(data)


def _damaged(build: bytes) -> bytes:
    """Return a build whose entries' bytes were changed."""
    with zipfile.ZipFile(io.BytesIO(build)) as archive:
        at = archive.infolist()[0].header_offset
    start = (
        at + 30 + struct.unpack_from("<H", build, at + 26)[0] + struct.unpack_from("<H", build, at + 28)[0]
    )
    return (
        build[: start + 8]
        + bytes(sign ^ 0x55 for sign in build[start + 8 : start + 60])
        + build[start + 60 :]
    )


def _claims_entries(count: int) -> bytes:
    """Return an archive that says it holds so many entries."""
    directory = bytes(1000)
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), 4)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 4 + len(directory), 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return b"PK\x03\x04" + directory + record + locator + end


def _claims_bytes(size_bytes: int) -> bytes:
    """Return an APK that says of its manifest that it expands to so many bytes."""
    data = bytearray(apk())
    struct.pack_into("<I", data, data.find(b"PK\x01\x02") + 24, size_bytes)
    return bytes(data)


BAD = {
    "renamed zip": ("shop.apk", make_zip({"readme.txt": b"hello"}), "This zip archive is not a build"),
    "renamed zip as ipa": ("Shop.ipa", make_zip({"a/b.txt": b"x"}), "Share the `.ipa` or `.apk` itself"),
    "not an archive": ("shop.apk", b"\x89PNG\r\n\x1a\n" + bytes(5000), "This is not an IPA or APK"),
    "text": ("Shop.ipa", b"see the wiki for the build", "This is not an IPA or APK"),
    "truncated": ("shop.apk", apk(padding_bytes=20_000)[:-9_000], "the upload was probably cut off"),
    "sign-in page": ("Shop.ipa", SIGN_IN_PAGE, "probably a sign-in page was saved instead of the file"),
    "encrypted": ("shop.apk", _locked(_damaged(apk())), "This archive is encrypted"),
    "broken": ("shop.apk", _damaged(apk()), "This archive is damaged"),
    "absurd entries": ("shop.apk", _claims_entries(10_000_000), "far more files than a real build has"),
    "absurd sizes": (
        "shop.apk",
        _claims_bytes(4_000_000_000),
        "would expand to far more than a real build does",
    ),
    "ipa as apk": ("shop.apk", ipa(), "The name ends in `.apk`, but the file is an iOS build"),
    "apk as ipa": ("Shop.ipa", apk(), "The name ends in `.ipa`, but the file is an APK"),
    "no plist": ("Shop.ipa", make_zip({"Payload/Shop.app/Info.plist": b"no"}), "`Info.plist` can't be read"),
    "no manifest": ("shop.apk", make_zip({"AndroidManifest.xml": b"<manifest/>"}), "can't be read"),
    "split": ("shop.apk", apk(split="config.arm64"), "only a part of an app"),
    "apks as apk": (
        "shop.apk",
        make_zip({"base.apk": apk(), "config.apk": apk(split="x")}),
        "archive of APKs",
    ),
    "aab": ("shop.aab", make_zip({"BundleConfig.pb": b"x"}), "Android App Bundle (`.aab`)"),
    "aab as apk": ("shop.apk", make_aab(package="a.b"), "listing `direct` in `ONETRUST_ROUTES`"),
    "apks": ("shop.apks", make_zip({"toc.pb": b"x"}), "which can't be scanned. Share one whole `.apk`"),
    "xapk": ("Shop.XAPK", make_zip({"manifest.json": b"{}"}), "which can't be scanned. Share one whole"),
}


@pytest.mark.parametrize("what", BAD)
async def test_what_can_not_be_scanned_is_told_why(place: Office, what: str):
    name, content, words = BAD[what]
    shared = place.dana.share(place.builds_channel, [(name, content)])
    told = await _refused(place, shared, "can't be scanned", words)
    assert f"`{name}`" in told
    assert "Try again" not in told  # it would be the same again


async def test_an_empty_file(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", b"")])
    await _refused(
        place, shared, "`shop.apk` can't be scanned", "This file is empty", "Export the build again"
    )
    assert place.slack.called("download") == []


@pytest.mark.parametrize("name", ["shop.aab", "shop.apks", "shop.xapk"])
async def test_what_is_nearly_a_build_is_refused_without_pulling_it(place: Office, name: str):
    shared = place.dana.share(place.builds_channel, [(name, apk())])
    await _refused(place, shared, "can't be scanned")
    assert place.slack.called("download") == []


async def test_a_build_at_the_limit_is_told_the_limit_and_the_way_around_it(place: Office, tmp_path: Path):
    large = tmp_path / "large.apk"
    with large.open("wb") as file:
        file.truncate(LIMIT_BYTES)
    shared = place.dana.share(place.builds_channel, [("shop.apk", large)])
    await _refused(place, shared, "was not submitted", "(64 MB)", "the webhook takes builds under 64 MB")
    assert place.slack.called("download") == []


async def test_a_build_just_under_the_limit_is_submitted(place: Office):
    padding = LIMIT_BYTES - 1 - (len(apk(padding_bytes=1_000_000)) - 1_000_000)
    build = apk(padding_bytes=padding)
    assert len(build) == LIMIT_BYTES - 1
    shared = place.dana.share(place.builds_channel, [("shop.apk", build)])
    await place.submitted(shared, "Size: 64 MB")
    assert place.onetrust.received[0].size_bytes == LIMIT_BYTES - 1


# What Slack can't serve.


async def test_a_file_that_was_deleted(place: Office):
    info = place.slack.faults.add("files.info", hold=True, times=None)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "`shop.apk`")
    place.dana.delete_file(shared.file_id)
    info.cancel()
    told = await _refused(place, shared, "was not submitted", "deleted", "Share the build again.")
    assert "[ Try again ]" in told


async def test_a_file_that_is_deleted_while_its_scan_waits(place: Office):
    place.onetrust.faults.add("webhook", status=503, retry_after=60)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "will be tried again")
    place.dana.delete_file(shared.file_id)
    place.clock.advance(61)
    await place.reply(shared, "Shop 4.2.0 was not submitted", "deleted from Slack", "Share the build again.")
    assert place.onetrust.received == []


async def test_a_file_that_the_plan_hides_by_the_time_it_is_needed(place: Office):
    await place.submitted(place.dana.share(place.builds_channel, [("old.apk", apk("4.1.0"))]))
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "rescan or a new app")
    place.slack.world.files[shared.file_id].mode = FileMode.HIDDEN_BY_LIMIT
    await place.press(shared, "Scan as a new app")
    await place.reply(shared, "was not submitted", "limits of your workspace's plan")
    assert len(place.onetrust.received) == 1


async def test_a_file_outside_slack_gets_neither_a_visit_nor_the_token(place: Office):
    elsewhere = f"{place.onetrust.url}/drive/shop.apk"
    shared = place.dana.share(
        place.builds_channel, [("shop.apk", apk())], mode=FileMode.EXTERNAL, external_url=elsewhere
    )
    await _refused(
        place, shared, "was not submitted", "stored outside Slack", "Upload the build itself to Slack."
    )
    assert place.onetrust.calls == []
    assert place.slack.called("download") == []


@pytest.mark.parametrize("event", ["", "message", "file_shared"])
async def test_a_file_of_another_organization_that_the_bot_may_not_read(place: Office, event: str):
    if event:
        place.slack.faults.add(f"event.{event}", drop=True)
    head = place.dana.say(place.builds_channel, "Release 4.2")
    shared = place.dana.share(
        place.builds_channel,
        [("shop.apk", apk())],
        mode=FileMode.FILE_ACCESS,
        access_denied=True,
        thread_ts=head.ts,
    )
    await _refused(
        place,
        shared,
        "A file without a name was not submitted",
        "belongs to another organization",
        "in your own workspace to upload",
    )
    assert place.slack.called("download") == []


async def test_a_file_hidden_by_the_plan_has_no_name_and_is_told_all_the_same(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], mode=FileMode.HIDDEN_BY_LIMIT)
    await _refused(place, shared, "was not submitted", "limits of your workspace's plan")
    assert place.slack.called("download") == []


async def test_slacks_own_sign_in_page_is_not_taken_for_the_file(place: Office):
    place.slack.faults.add("download", body=SIGN_IN_PAGE.decode(), content_type="text/html")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    told = await _refused(place, shared, "was not submitted", "sent a sign-in page", "scope `files:read`")
    assert "The operator of this bot should check" in told
    await place.press(shared, "Try again")
    await place.submitted(shared)


async def test_a_redirect_off_slack_is_not_followed(place: Office):
    place.slack.faults.add("download", location=f"{place.onetrust.url}/steal")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _refused(place, shared, "was not submitted", "redirects to another site", "must not send its token")
    assert place.onetrust.calls == []


@pytest.mark.parametrize(
    "fault",
    [{"cut_after": 300}, {"status": 503}, {"status": 429, "retry_after": 30}, {"drop": True}],
)
async def test_a_pull_that_fails_is_tried_again_by_itself(place: Office, fault: dict):
    broken = place.slack.faults.add("download", times=None, **fault)  # till it is told: it is tried at once
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    told = place.read(await place.reply(shared, "`shop.apk` will be tried again", "Slack"))
    assert "[ Cancel ]" in told
    broken.cancel()
    place.clock.advance(60)
    await place.submitted(shared)
    assert len(place.posts(shared)) == 1


async def test_a_pull_that_fails_for_good_ends_with_a_button(place: Office):
    broken = place.slack.faults.add("download", times=None, status=503)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

    def failed() -> bool:
        place.clock.advance(3600)
        return bool(place.replies(shared)) and "was not submitted" in place.read(place.replies(shared)[0])

    await place.slack.until(failed)
    assert "Slack can't serve this file right now." in place.read(place.replies(shared)[0])
    broken.cancel()
    await place.press(shared, "Try again")
    await place.submitted(shared)


async def test_a_file_that_changed_while_its_scan_waited_is_not_submitted(place: Office):
    place.onetrust.faults.add("webhook", status=503, retry_after=60)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "will be tried again")
    file = place.slack.world.files[shared.file_id]
    file.content = apk("6.6.6")
    file.size_bytes = len(file.content)
    place.clock.advance(61)
    await place.reply(shared, "has changed since it was checked", "Share the build again.")
    assert place.onetrust.received == []


# What is typed.


@pytest.mark.parametrize(
    "comment",
    ["please rescan everything", "rescan my-app please", "rescan", "rescan https://app.onetrust.com/1234567"],
)
async def test_prose_about_rescans_is_no_app_id(place: Office, comment: str):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], comment)
    await place.submitted(shared, "New app")
    assert not place.onetrust.received[0].is_rescan


async def test_an_app_id_that_cant_be_one_and_an_unknown_filter_are_told_with_an_example(place: Office):
    told = await place.command("link com.example.shop my_app!")
    assert "is not an app ID" in told
    assert "Production ID" in told
    assert "For example:" in told
    told = await place.command("history colour:red")
    assert "For example:" in told
    assert place.dana.messages(place.builds_channel)[-1].ephemeral_to is not None
    assert "no application with" in await place.command(f"rescan {APP_ID[:4]}")
    assert place.onetrust.received == []
