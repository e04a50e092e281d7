"""The FTP route on real servers: a build is put there, and OneTrust's workflow finds it where it was told."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config.env import Secret
from bot.config.ftp import FtpSettings, server_address
from bot.core.scan import FileType, Kind
from bot.errors import Refused, SubmissionError, TryLater, Uncertain
from bot.features.submission.routes import Order
from bot.scanners.http.upload import UploadClient
from bot.scanners.onetrust.auth import ApiKey
from bot.wiring.parts import ftp_route
from sandbox.builds import write_apk, write_ipa
from sandbox.ftp import FtpSandbox
from sandbox.onetrust import OneTrustSandbox, Submission
from tests.fakes import FakeJournal


class Stage:
    """Both servers, a build, and what the route wrote down."""

    def __init__(self, ftp: FtpSandbox, onetrust: OneTrustSandbox, path: Path) -> None:
        self.ftp, self.onetrust, self.path = ftp, onetrust, path
        self.journal = FakeJournal()
        self.password = ftp.password

    def order(self, **more) -> Order:
        about = {"number": 7, "kind": Kind.NEW, "file_type": FileType(self.path.suffix[1:]), "name": "Shop"}
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        about |= {"app_id": None, "file_name": "../shop", "size_bytes": self.path.stat().st_size}
        return Order(**(about | {"sha256": digest} | more))

    async def submit(self, *, rescans: bool = True, remote_path: str | None = None, **more):
        address = server_address(f"sftp://{self.ftp.user}@127.0.0.1:{self.ftp.port}/in")
        address = replace(address, password=self.password, host_key=self.ftp.host_key)
        settings = FtpSettings(
            address=address,
            webhook_url=Secret(self.onetrust.ftp_webhook_url),
            rescan_webhook_url=Secret(self.onetrust.ftp_rescan_webhook_url) if rescans else None,
            remote_path=remote_path,
            keep_hours=72,
        )
        route = ftp_route(settings, UploadClient(ApiKey(self.onetrust.api_key)))
        return await route.submit(self.order(**more), self.path, self.journal)

    async def fetched(self) -> list[Submission]:
        """Wait until the workflow has looked for the file of the last submission; return all."""
        await self.onetrust.until(lambda: self.onetrust.received[-1].found is not None)
        return self.onetrust.received

    async def failure(self, **more) -> SubmissionError:
        with pytest.raises(SubmissionError) as caught:
            await self.submit(**more)
        return caught.value


@pytest.fixture(params=[FileType.IPA, FileType.APK])
def path(request, tmp_path) -> Path:
    if request.param is FileType.IPA:
        write_ipa(tmp_path / "Shop.ipa", bundle_id="com.example.shop", padding_bytes=300_000)
        return tmp_path / "Shop.ipa"
    write_apk(tmp_path / "shop.apk", package="com.example.shop", padding_bytes=300_000)
    return tmp_path / "shop.apk"


@pytest.fixture
async def stage(tmp_path, path):
    root = tmp_path / "server"
    (root / "in").mkdir(parents=True)
    async with FtpSandbox(root=root) as ftp, OneTrustSandbox(depot=root) as onetrust:
        yield Stage(ftp, onetrust, path)


async def test_a_new_app_is_fetched_from_where_it_was_put(stage):
    receipt = await stage.submit()

    (taken,) = await stage.fetched()
    order = stage.order()
    name = f"appscan-7-{order.sha256[:16]}.{order.file_type}"
    assert receipt.request_id == taken.request_id
    assert (taken.found, taken.sha256, taken.size_bytes) == (True, order.sha256, order.size_bytes)
    assert (taken.name, taken.platform, taken.is_rescan) == ("Shop", order.platform.name, False)
    assert stage.ftp.stored() == {f"in/{name}": order.size_bytes}
    assert stage.journal.uploads == [name] * 2  # before its first byte goes, and when it has arrived
    assert stage.journal.committed == 1
    assert stage.journal.moved[-1] == (order.size_bytes, order.size_bytes)


async def test_a_rescan_goes_to_the_workflow_that_knows_of_them(stage):
    await stage.submit()
    await stage.fetched()
    app_id = stage.onetrust.apps[0].id
    await stage.submit(kind=Kind.RESCAN, app_id=app_id, number=8)

    assert stage.onetrust.received[1].is_rescan
    assert stage.onetrust.received[1].app_id == app_id
    assert len(stage.onetrust.apps) == 1


async def test_onetrusts_login_may_see_another_root(stage):
    stage.onetrust.workflow.depot = stage.ftp.root / "in"
    await stage.submit(remote_path="/")

    assert (await stage.fetched())[0].found


async def test_a_second_try_sends_only_what_the_first_left_out(stage):
    stage.onetrust.faults.add("ftp_webhook", status=503, retry_after=40)
    error = await stage.failure()
    assert (type(error), error.retry_after_s) == (TryLater, 40)
    written = stage.ftp.stored()
    stage.ftp.room_bytes = 0  # not one byte more can be written
    await stage.submit()

    assert stage.ftp.stored() == written
    assert len(stage.onetrust.received) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 400}, Refused),
        ({"status": 404}, Refused),
        ({"status": 500}, Uncertain),
        ({"answer_lost": True}, Uncertain),
    ],
)
async def test_onetrusts_no_has_its_verdict(stage, fault, kind):
    stage.onetrust.faults.add("ftp_webhook", **fault)
    error = await stage.failure()

    assert type(error) is kind
    assert "form-data" not in error.user_message
    assert "whole build" not in error.user_message
    assert stage.onetrust.ftp_webhook_url not in f"{error!r} {error}"


async def test_what_the_server_refuses_never_reaches_onetrust(stage):
    stage.password = "wrong password"
    error = await stage.failure()

    assert type(error) is Refused
    assert "ONETRUST_FTP" in error.user_message
    assert "wrong password" not in f"{error!r} {error}"
    assert (stage.journal.committed, stage.onetrust.received) == (0, [])
