"""What the domain may count on from a scanner, tried on the real one and its stand-in."""

import asyncio
import hashlib
from pathlib import Path

import httpx
import pytest

from bot.core.scan import FileType, Kind
from bot.errors import Refused, SubmissionError, Superseded, TryLater, Uncertain
from bot.features.submission.routes import Order, Route
from bot.scanners.http.upload import UploadClient
from bot.scanners.onetrust.auth import ApiKey, ClientCredentials
from bot.scanners.onetrust.routes.webhook import Webhook
from sandbox.builds import write_apk, write_ipa
from sandbox.clock import HeldClock
from sandbox.onetrust import OneTrustSandbox
from tests.fakes import FakeJournal


@pytest.fixture
async def onetrust():
    async with OneTrustSandbox(clock=HeldClock()) as server:
        yield server


@pytest.fixture(params=["credentials", "key"])
async def scanner(request, onetrust):
    async with httpx.AsyncClient() as client:
        clients = ClientCredentials(client, onetrust.url, onetrust.client_id, onetrust.client_secret)
        tokens = clients if request.param == "credentials" else ApiKey(onetrust.api_key)
        yield Webhook(onetrust.webhook_url, UploadClient(tokens))


class Build:
    """A real build on disk, and how it was submitted."""

    def __init__(self, path: Path, file_type: FileType) -> None:
        self.path = path
        self.file_type = file_type
        self.platform = file_type.platform
        self.journal = FakeJournal()

    def order(self, **more) -> Order:
        about = {"number": 1, "kind": Kind.NEW, "file_type": self.file_type, "name": "Shop", "app_id": None}
        about |= {"sha256": "ab" * 32}
        about |= {"file_name": self.path.name, "size_bytes": self.path.stat().st_size}
        return Order(**(about | more))

    async def submit(self, scanner: Route, committing=None, **more):
        journal = FakeJournal(committing) if committing else self.journal
        return await scanner.submit(self.order(**more), self.path, journal)

    async def failure(self, scanner: Route, **more) -> SubmissionError:
        with pytest.raises(SubmissionError) as caught:
            await self.submit(scanner, **more)
        return caught.value


@pytest.fixture(params=[FileType.IPA, FileType.APK])
def build(request, tmp_path) -> Build:
    if request.param is FileType.IPA:
        write_ipa(tmp_path / "Shop.ipa", bundle_id="com.example.shop", padding_bytes=300_000)
        return Build(tmp_path / "Shop.ipa", FileType.IPA)
    write_apk(tmp_path / "shop.apk", package="com.example.shop", padding_bytes=300_000)
    return Build(tmp_path / "shop.apk", FileType.APK)


async def test_a_new_scan_arrives_whole(scanner, onetrust, build):
    receipt = await build.submit(scanner)

    (taken,) = onetrust.received
    assert (receipt.request_id, receipt.status) == (taken.request_id, 202)
    assert (taken.name, taken.platform, taken.is_rescan) == ("Shop", build.platform.name, False)
    assert taken.sha256 == hashlib.sha256(build.path.read_bytes()).hexdigest()
    assert build.journal.committed == 1
    assert build.journal.moved[-1] == (taken.size_bytes, taken.size_bytes)


async def test_a_rescan_names_the_app(scanner, onetrust, build):
    await build.submit(scanner)
    await build.submit(scanner, kind=Kind.RESCAN, app_id=onetrust.apps[0].id)

    assert onetrust.received[1].is_rescan
    assert onetrust.received[1].is_known
    assert len(onetrust.apps) == 1


async def test_several_at_once(scanner, onetrust, build):
    receipts = await asyncio.gather(*(build.submit(scanner, name=f"Shop {n}") for n in range(8)))

    assert {receipt.request_id for receipt in receipts} == {each.request_id for each in onetrust.received}
    assert {each.name for each in onetrust.received} == {f"Shop {n}" for n in range(8)}
    assert onetrust.count("token") <= 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Refused),
        (400, Refused),
        (403, Refused),
        (404, Refused),
        (409, Refused),
        (413, Refused),
        (429, TryLater),
        (503, TryLater),
        (418, Uncertain),
        (500, Uncertain),
        (502, Uncertain),
        (504, Uncertain),
    ],
)
async def test_a_no_has_its_verdict(scanner, onetrust, build, status, kind):
    onetrust.faults.add("webhook", status=status, retry_after=40, body="<html>their words</html>")

    error = await build.failure(scanner)

    assert (type(error), error.status) == (kind, status)
    assert "their words" not in error.user_message
    assert getattr(error, "retry_after_s", 40) == 40
    assert onetrust.received == []


async def test_refusals_of_the_stand_in_are_clear(scanner, onetrust, build):
    async def refused(**more) -> int | None:
        error = await build.failure(scanner, **more)
        assert type(error) is Refused
        return error.status

    assert await refused(name=" ") == 400
    assert await refused(kind=Kind.RESCAN, app_id="") == 400
    build.path.write_bytes(b"no zip")
    assert await refused() == 400
    with build.path.open("r+b") as file:
        file.truncate(scanner.limit_bytes)
    assert await refused() == 413
    assert onetrust.received == []


async def test_a_wrong_webhook_is_a_clear_no(onetrust, build):
    for url in (onetrust.webhook_url + "/", onetrust.webhook_url[:-1] + "x"):
        error = await build.failure(Webhook(url, UploadClient(ApiKey(onetrust.api_key))))

        assert (type(error), error.status) == (Refused, 404)


async def test_a_token_that_has_ended_is_made_anew_once(onetrust, build):
    async with httpx.AsyncClient() as client:
        tokens = ClientCredentials(client, onetrust.url, onetrust.client_id, onetrust.client_secret)
        scanner = Webhook(onetrust.webhook_url, UploadClient(tokens))
        await build.submit(scanner)
        onetrust.clock.advance(4000)
        await build.submit(scanner)

    assert [call.status for call in onetrust.calls if call.point == "webhook"] == [202, 401, 202]
    assert onetrust.count("token") == 2
    assert len(onetrust.received) == 2


async def test_a_second_401_is_a_clear_no(scanner, onetrust, build):
    onetrust.faults.add("webhook", status=401, value="early", times=None)

    error = await build.failure(scanner)

    assert (type(error), error.status) == (Refused, 401)
    told = [call.point for call in onetrust.calls]
    assert told in (["token", "webhook"] * 2, ["webhook"])  # there is never another key


async def test_a_401_after_the_whole_build_is_met_with_a_new_token_too(onetrust, build):
    onetrust.faults.add("webhook", status=401)
    async with httpx.AsyncClient() as client:
        tokens = ClientCredentials(client, onetrust.url, onetrust.client_id, onetrust.client_secret)
        await build.submit(Webhook(onetrust.webhook_url, UploadClient(tokens)))

    assert build.journal.committed == 2
    assert len(onetrust.received) == 1


async def test_no_token_means_nothing_was_sent(onetrust, build):
    onetrust.faults.add("token", status=503, retry_after=3)
    async with httpx.AsyncClient() as client:
        tokens = ClientCredentials(client, onetrust.url, onetrust.client_id, onetrust.client_secret)
        error = await build.failure(Webhook(onetrust.webhook_url, UploadClient(tokens)))

    assert (type(error), error.retry_after_s) == (TryLater, 3)
    assert onetrust.count("webhook") == build.journal.committed == 0


@pytest.mark.parametrize("taken", [True, False])
async def test_a_lost_answer_is_uncertain(scanner, onetrust, build, taken):
    if taken:
        onetrust.faults.add("webhook", answer_lost=True)
    else:
        onetrust.faults.add("webhook", status=500)

    error = await build.failure(scanner)

    assert type(error) is Uncertain
    assert len(onetrust.received) == taken


@pytest.mark.parametrize("answer", ["{}", '{"requestId": null}', "<html>Welcome</html>", ""])
async def test_a_yes_without_a_request_id_is_uncertain(scanner, onetrust, build, answer):
    onetrust.faults.add("webhook", body=answer)

    assert type(await build.failure(scanner)) is Uncertain


async def test_half_an_answer_is_uncertain(scanner, onetrust, build):
    onetrust.faults.add("webhook", body='{"requestId": "r', content_length=50)

    assert type(await build.failure(scanner)) is Uncertain


async def test_what_was_cut_on_its_way_was_not_taken(scanner, onetrust, build):
    onetrust.faults.add("webhook", drop=True)
    held = asyncio.Event()

    error = await build.failure(scanner, committing=held.wait)

    assert type(error) is TryLater
    assert onetrust.received == []
    assert await build.submit(scanner)


async def test_what_the_caller_takes_back_is_never_completed(scanner, onetrust, build):
    async def take_back() -> None:
        raise Superseded("It was cancelled.")

    with pytest.raises(Superseded):
        await build.submit(scanner, committing=take_back)
    await onetrust.until(lambda: onetrust.count("webhook") == 1)

    assert onetrust.calls[-1].status is None
    assert onetrust.received == []
