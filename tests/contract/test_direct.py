"""The direct route on the stand-in's Applications API."""

import hashlib
from pathlib import Path

import httpx
import pytest

from bot.core.scan import FileType, Kind
from bot.errors import Refused, SubmissionError, Superseded, TryLater, Uncertain, UnknownApp
from bot.features.submission.routes import Order
from bot.scanners.http.upload import UploadClient
from bot.scanners.onetrust.auth import ClientCredentials
from bot.scanners.onetrust.routes.direct import Direct
from sandbox.builds import write_apk, write_ipa
from sandbox.bundles import make_aab
from sandbox.clock import HeldClock
from sandbox.onetrust import OneTrustSandbox
from tests.fakes import FakeJournal

UNKNOWN = "77aa0f52-1d5c-4d77-8d43-55a1b9a6f0ce"


@pytest.fixture
async def onetrust():
    async with OneTrustSandbox(clock=HeldClock()) as server:
        yield server


@pytest.fixture
async def direct(onetrust):
    async with httpx.AsyncClient() as client:
        tokens = ClientCredentials(client, onetrust.url, onetrust.client_id, onetrust.client_secret)
        caller = UploadClient(tokens)
        yield Direct(onetrust.url, making=caller, scanning=caller, org_id=onetrust.org_id)


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


class Submitting:
    """A build on disk, and how it is submitted."""

    def __init__(self, path: Path, direct: Direct, journal: FakeJournal) -> None:
        self.path = path
        self.direct = direct
        self.journal = journal

    async def submit(self, file_type: FileType = FileType.APK, **more):
        about = {"number": 1, "kind": Kind.NEW, "file_type": file_type, "name": "Shop", "app_id": None}
        about |= {"sha256": "ab" * 32, "file_name": f"shop.{file_type}"}
        order = Order(**(about | {"size_bytes": self.path.stat().st_size} | more))
        return await self.direct.submit(order, self.path, self.journal)

    async def rescan(self, app_id: str):
        return await self.submit(kind=Kind.RESCAN, app_id=app_id)

    async def failure(self, **more) -> SubmissionError:
        with pytest.raises(SubmissionError) as caught:
            await self.submit(**more)
        return caught.value


@pytest.fixture
def build(tmp_path, direct, journal) -> Submitting:
    write_apk(tmp_path / "build", package="com.example.shop", padding_bytes=300_000)
    return Submitting(tmp_path / "build", direct, journal)


@pytest.mark.parametrize("file_type", list(FileType))
async def test_a_new_app_is_made_and_then_scanned(build, onetrust, journal, file_type):
    if file_type is FileType.IPA:
        write_ipa(build.path, bundle_id="com.example.shop")
    elif file_type is FileType.AAB:
        build.path.write_bytes(make_aab(package="com.example.shop"))
    receipt = await build.submit(file_type)

    (app,), (taken,), (scan,) = onetrust.apps, onetrust.received, onetrust.scans
    assert (app.name, app.platform) == ("Shop", file_type.platform.name)
    assert (receipt.status, receipt.scan_id, receipt.application_id) == (201, scan.id, app.id)
    assert taken.sha256 == hashlib.sha256(build.path.read_bytes()).hexdigest()
    assert (journal.made, journal.committed) == ([app.id], 2)


async def test_a_rescan_is_one_call(build, onetrust, journal):
    app = onetrust.add_app("Shop", "ANDROID")
    receipt = await build.rescan(app.id)

    assert (receipt.scan_id, receipt.application_id) == (onetrust.scans[0].id, app.id)
    assert (onetrust.count("application_create"), journal.made, journal.committed) == (0, [], 1)


async def test_an_app_that_an_earlier_try_made_is_used(build, onetrust, journal):
    onetrust.faults.add("application_scan", status=503, retry_after=40)
    error = await build.failure()
    assert (type(error), error.retry_after_s) == (TryLater, 40)
    receipt = await build.submit(application_id=journal.made[0])

    assert receipt.application_id == journal.made[0] == onetrust.apps[0].id
    assert (len(onetrust.apps), onetrust.count("application_create")) == (1, 1)


async def test_an_app_that_is_not_known_is_told_so(build, onetrust):
    for app_id in (UNKNOWN, "../../etc/passwd", "a?b#c"):
        with pytest.raises(UnknownApp) as caught:
            await build.rescan(app_id)
        assert caught.value.status == 404
    gone = await build.failure(application_id=UNKNOWN)
    assert type(gone) is UnknownApp
    assert "Another try creates a new one." in gone.user_message


async def test_without_the_scope_the_scope_is_named(build, onetrust):
    onetrust.tokens.scopes -= {"COOKIE"}
    error = await build.failure()
    assert (type(error), error.status) == (Refused, 403)
    assert "COOKIE scope" in error.user_message


async def test_without_the_api_the_setting_is_named(build, onetrust):
    onetrust.applications.is_there = False
    error = await build.failure()
    assert (type(error), error.status) == (Refused, 404)
    assert "`ONETRUST_ROUTES`" in error.user_message


@pytest.mark.parametrize("point", ["application_create", "application_scan"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Refused),
        (400, Refused),
        (409, Refused),
        (413, Refused),
        (418, Uncertain),
        (429, Uncertain),
        (503, Uncertain),
        (500, Uncertain),
    ],
)
async def test_a_no_has_its_verdict(build, onetrust, point, status, kind):
    onetrust.faults.add(point, status=status, body="their words")
    error = await build.failure()

    assert (type(error), error.status) == (kind, status)
    assert "their words" not in error.user_message
    assert "webhook" not in error.user_message
    assert onetrust.received == []


@pytest.mark.parametrize("fault", [{"answer_lost": True}, {"body": '{"applicationId": null}'}, {"body": "?"}])
async def test_an_application_that_may_have_been_made_is_uncertain(build, onetrust, journal, fault):
    onetrust.faults.add("application_create", **fault)
    error = await build.failure()

    assert type(error) is Uncertain
    assert "one may be there now" in error.user_message
    assert (len(onetrust.apps), onetrust.received, journal.made) == (1, [], [])


@pytest.mark.parametrize("fault", [{"answer_lost": True}, {"body": "{}"}, {"body": '{"scanId": ["x"]}'}])
async def test_a_scan_that_may_have_begun_is_uncertain(build, onetrust, journal, fault):
    onetrust.faults.add("application_scan", **fault)
    assert type(await build.failure()) is Uncertain
    assert (len(onetrust.received), journal.made) == (1, [onetrust.apps[0].id])


async def test_what_was_taken_back_makes_no_application(build, onetrust):
    async def taken_back() -> None:
        raise Superseded("Taken back.")

    build.journal = FakeJournal(taken_back)
    with pytest.raises(Superseded):
        await build.submit()
    assert onetrust.apps == []


async def test_a_token_that_has_ended_is_made_anew_once(build, onetrust):
    app = onetrust.add_app("Shop", "ANDROID")
    await build.rescan(app.id)
    onetrust.tokens.revoke()
    await build.rescan(app.id)
    assert (len(onetrust.scans), onetrust.count("token")) == (2, 2)


def test_without_an_organization_new_apps_are_not_taken(onetrust):
    route = Direct(onetrust.url, making=None, scanning=None)
    assert route.lacks == {Kind.NEW: "`ONETRUST_ORG_ID`"}
    assert route.limit_bytes - 1 == 524_288_000
