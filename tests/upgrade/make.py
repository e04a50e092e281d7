"""Makes a fixture of the bot that is checked out: ``python -m tests.upgrade.make FOLDER``.

It plays weeks at an office, and writes down what is there as if the bot had been killed at that moment. The
states that a scan or its parts can be in are all there, each reached as it is at work. Of the bot it knows
nothing but what people read and press, and what rows hold.
"""

import asyncio
import hashlib
import io
import logging
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox.bot_process import BotProcess, environ_for
from sandbox.ftp import FtpSandbox
from sandbox.onetrust import Results, Sdk
from sandbox.onetrust.manifest import Manifest
from sandbox.slack import Person, Shared
from sandbox.world import Channel, World
from sandbox.zscaler.governance import ONEDRIVE_FREE_CLIENT
from tests.scenario.office import APP_ID, OTHER_APP_ID, Office, ShiftedClock, apk, ipa, office
from tests.upgrade.history import OutsideClock, save

POLICY = """\
[[rule]]
name = "No trackers"
no_sdk_categories = ["Targeting"]
tell = ["{eli}"]

[[rule]]
name = "No camera"
no_permissions = ["*.CAMERA"]
"""
CONSENT = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id="
GUIDS = [f"5d0e2c31-18f4-4a53-8a0b-6f8a9c3f1e2{n}" for n in range(10)]
HOUR_S, DAY_S = 3600.0, 86_400.0
FTP_FROM_BYTES = 17_000_000


def padded(build: bytes, size_bytes: int) -> bytes:
    """Return a build that is so much larger, by zeros: they take no room in a fixture."""
    file = io.BytesIO(build)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("Payload/padding.bin"), bytes(size_bytes))
    return file.getvalue()


class Play:
    """The weeks at the office."""

    def __init__(self, place: Office, clock: ShiftedClock, folder: Path) -> None:
        self.place = place
        self.clock = clock
        self.folder = folder
        self.onetrust = place.onetrust
        self.dana, self.eli = place.dana, place.eli

    # What it is made of.

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.place.environ["APPSCAN_DB"])) as db:
            return db.execute(query, values).fetchall()

    def scan(self, shared: Shared) -> int:
        ((number,),) = self.rows(
            "SELECT max(number) FROM scans WHERE channel = ? AND message_ts = ? AND file_id = ?",
            shared.channel, shared.ts, shared.file_id,
        )  # fmt: skip
        return int(number) if number is not None else 0

    async def until(
        self, condition: Callable[[], Any], *, step_s: float = 0.0, timeout_s: float = 60.0
    ) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                if step_s:
                    self.clock.advance(step_s)
                await asyncio.sleep(0.05)

    async def state(self, table: str, shared: Shared, state: str, step_s: float = 0.0) -> None:
        column = "number" if table == "scans" else "scan"

        def found() -> bool:
            query = f"SELECT 1 FROM {table} WHERE {column} = ? AND state = ?"
            return bool(self.rows(query, self.scan(shared), state))

        try:
            await self.until(found, step_s=step_s)
        except TimeoutError:
            raise AssertionError(
                f"scan {self.scan(shared)} is not {state}: "
                f"{self.rows(f'SELECT * FROM {table} WHERE {column} = ?', self.scan(shared))}\n"
                f"{[self.place.read(reply) for reply in self.place.replies(shared)]}"
            ) from None

    async def restart(self, **environ: str) -> None:
        await self.place.stop()
        await self.place.start(**environ)

    def share(
        self,
        package: str,
        version: str = "1.0",
        comment: str = "",
        *,
        who: Person | None = None,
        where: Channel | str | None = None,
        ios: bool = False,
        thread_ts: str | None = None,
        **about: Any,
    ) -> Shared:
        name = package.rpartition(".")[2].title()
        build = (
            ipa(version, bundle_id=package, name=name, display_name=name, **about)
            if ios
            else apk(version, package=package, label=name, **about)
        )
        return self.share_bytes(
            f"{name}-{version}.{'ipa' if ios else 'apk'}",
            build,
            comment,
            who=who,
            where=where,
            thread_ts=thread_ts,
        )

    def share_bytes(
        self,
        name: str,
        build: bytes,
        comment: str = "",
        *,
        who: Person | None = None,
        where: Channel | str | None = None,
        thread_ts: str | None = None,
    ) -> Shared:
        return (who or self.dana).share(
            where or self.place.builds_channel, [(name, build)], comment, thread_ts=thread_ts
        )

    def onetrust_scan(self, shared: Shared) -> str:
        digest = hashlib.sha256(self.place.slack.world.files[shared.file_id].content).hexdigest()
        return next((scan.id for scan in reversed(self.onetrust.scans) if scan.sha256 == digest), "")

    async def completed(self, shared: Shared, status: str | None = None, ends: str = "completed") -> None:
        await self.state("scans", shared, "submitted")
        await self.until(lambda: self.onetrust_scan(shared))
        self.onetrust.finish(self.onetrust_scan(shared), status)
        await self.state("results", shared, ends, 5)
        if ends != "running":
            await self.until(
                lambda: self.rows(
                    "SELECT 1 FROM results WHERE scan = ? AND announced_ts > '0'", self.scan(shared)
                ),
                step_s=2,
            )

    async def form(
        self, shared: Shared, button: str, *, who: Person | None = None, number: int = 0, **pick: str
    ):
        """Press what opens a form, and let the form stand."""
        person = who or self.dana
        self.clock.hurried = False  # Slack lets a form be opened for three seconds
        if person.open_view() is not None:
            await person.close_view()
        await person.press(shared.channel, self.place.replies(shared)[number].ts, button, **pick)
        await self.place.form(person)
        self.clock.hurried = True

    async def form_page(self, action: str) -> None:
        view = self.dana.open_view()
        assert view is not None
        before = view.hash
        await self.dana.press_in_view(action)
        await self.until(lambda: (self.dana.open_view() or view).hash != before)

    # What happens.

    async def long_ago(self) -> None:
        """What is purged, lost, given up."""
        gone = self.share("com.example.gone")
        await self.completed(gone)
        await self.until(lambda: not self.rows("SELECT 1 FROM scans"), step_s=6 * HOUR_S, timeout_s=120)
        assert self.rows("SELECT * FROM known_apps")
        await self.restart(APPSCAN_RETENTION_DAYS="")

        self.place.zscaler.governance.add_unknown(GUIDS[0])
        self.onetrust.faults.add("workflow", drop=True)
        self.place.zscaler.reports.report_s = 10**9
        lost = self.share("com.example.lost")
        await self.state("scans", lost, "submitted")
        await self.state("opinions", lost, "analysing")
        self.place.zscaler.reports.report_s = 0
        await self.place.waiting_rescan(OTHER_APP_ID)
        await self.place.command(f"governance {CONSENT}{GUIDS[1]}")
        await self.place.command(f"governance {GUIDS[0]}", who=self.eli)
        self.place.zscaler.faults.add("governance.app", status=409, times=None)
        await self.state("results", lost, "lost", HOUR_S)
        await self.state("opinions", lost, "failed", HOUR_S)
        await self.until(
            lambda: not self.rows("SELECT 1 FROM app_looks WHERE state = 'analysing'"),
            step_s=6 * HOUR_S,
            timeout_s=120,
        )
        self.place.zscaler.faults.clear()
        assert self.rows("SELECT 1 FROM requests WHERE state = 'lapsed'")

    async def ordinary(self) -> None:
        """Two builds of an app, and all that can be seen of them."""
        place = self.place
        place.zscaler.world.categories |= {
            "ads.shop-example.com": (("WEB_BANNERS",), ()),
            "bad.shop-example.com": (("WEB_BANNERS",), ("MALWARE_SITE",)),
            **{f"n{n}.shop-example.com": (("CDN",), ()) for n in range(26)},
        }
        hosts = [f"https://n{n}.shop-example.com" for n in range(26)] + ["https://bad.shop-example.com/x"]
        self.first = self.share("com.example.shop", "4.1.0", strings=hosts)
        await self.completed(self.first)
        await self.state("host_looks", self.first, "known")
        self.second = self.share(
            "com.example.shop", "4.2.0", strings=[*hosts, "https://ads.shop-example.com/v1"]
        )
        await self.completed(self.second)
        self.copy = self.share(
            "com.example.shop", "4.2.0", strings=[*hosts, "https://ads.shop-example.com/v1"], who=self.eli
        )
        await self.state("scans", self.copy, "duplicate")
        self.phone = self.share("com.example.shop", "4.2.0", ios=True)
        await self.completed(self.phone)
        ((breach,),) = self.rows("SELECT min(number) FROM breaches WHERE scan = ?", self.scan(self.first))
        again = self.share_bytes("Again.apk", self.place.slack.world.files[self.second.file_id].content)
        await self.state("scans", again, "duplicate")
        await place.reply(again, "Scan again")
        await place.press(again, "Scan again")
        await self.completed(again)
        assert self.rows("SELECT 1 FROM opinions WHERE known_from IS NOT NULL")
        kit = [Sdk(package_id=f"com.kit.s{n}", name=f"Kit {n:02}", vendor="Acme") for n in range(45)]
        self.onetrust.results_for("com.example.many", None, Results(sdks=kit))
        self.many = self.share("com.example.many", ios=True)
        await self.completed(self.many)
        await self.form(self.first, "Acknowledge…", number=1, value=str(breach))
        self.clock.hurried = False
        await self.dana.submit_view({"reason": "Agreed with legal,\nuntil the next release"})
        await place.reply(self.first, "Acknowledged by @dana", number=1)
        self.clock.hurried = True

    async def outcomes(self) -> None:
        """Every end that a scan can come to, and every question."""
        place, faults = self.place, self.onetrust.faults
        await self.state("scans", self.share_bytes("Broken.apk", b"PK\x03\x04 no more"), "rejected")
        faults.add("webhook", status=403)
        self.failed = self.share("com.example.failed")
        await self.state("scans", self.failed, "failed")
        faults.add("webhook", status=503, retry_after=600)
        cancelled = self.share("com.example.cancelled")
        await place.reply(cancelled, "will be tried again")
        await place.press(cancelled, "Cancel")
        await self.state("scans", cancelled, "cancelled")
        self.clock.advance(601)

        faults.add("workflow", drop=True)
        pay = self.share("com.example.pay", "1.0")
        await self.state("scans", pay, "submitted")
        self.linkable = pay
        self.seen_before = self.share("com.example.pay", "1.1")
        await self.state("scans", self.seen_before, "asking")
        misread = self.share("com.example.misread", "1.0", "rescan 123")
        await self.state("scans", misread, "asking")
        await place.command(f"link com.example.bank {OTHER_APP_ID} android")
        self.taken = self.share("com.example.taken", "1.0", f"rescan {OTHER_APP_ID}")
        await self.state("scans", self.taken, "asking")

        await self.restart(ONETRUST_ROUTES="direct,webhook,ftp", ONETRUST_ORG_ID=self.onetrust.org_id)
        away = self.share("com.example.away", "1.0")
        await self.state("scans", away, "submitted")
        self.onetrust.apps[:] = [app for app in self.onetrust.apps if app.name != "Away"]
        unknown = self.share("com.example.away", "1.1")
        await self.state("scans", unknown, "asking")
        await self.restart(ONETRUST_ROUTES="webhook,ftp")
        asked = {question for (question,) in self.rows("SELECT question FROM scans WHERE state = 'asking'")}
        assert asked == {"seen_before", "misread", "app_id_taken", "unknown_app"}, asked

        faults.add("webhook", answer_lost=True)
        faults.add("workflow", drop=True)
        self.uncertain = self.share("com.example.uncertain")
        await self.state("scans", self.uncertain, "uncertain")
        broken = self.share("com.example.broken")
        await self.completed(broken, "FAILED", "failed")
        await self.completed(self.share("com.example.cut", ios=True), "INTERRUPTED", "interrupted")
        twins = self.share("com.example.twins")
        await self.state("scans", twins, "submitted")
        await self.until(lambda: self.onetrust_scan(twins))
        other = self.onetrust.add_app("Twins", "ANDROID")
        twin = self.onetrust.scanner.make(other, Manifest(version="1.0"), sha256="0" * 64, size_bytes=1)
        assert twin is not None
        for scan in (self.onetrust_scan(twins), twin.id):
            self.onetrust.finish(scan)
        await self.state("results", twins, "ambiguous", 5)
        large = self.share_bytes(
            "Large.apk", padded(apk("1.0", package="com.example.large", label="Large"), FTP_FROM_BYTES)
        )
        await self.completed(large)
        assert self.rows("SELECT 1 FROM uploads")

    async def verdicts(self) -> None:
        """What Zscaler says of builds."""
        for kind in ("MALICIOUS", "SUSPICIOUS"):
            package = f"com.example.{kind.lower()}"
            build = apk("1.0", package=package, label=kind.title())
            md5 = hashlib.md5(build, usedforsecurity=False).hexdigest()
            risks = [("LOW", f"Seen {number:02}") for number in range(30)]
            self.place.zscaler.verdict_for(md5, type=kind, malware="Android/Agent", risks=risks)
            shared = self.share_bytes(f"{kind.title()}.apk", build)
            await self.state("opinions", shared, "known", 5)
            await self.until(
                lambda s=shared: self.rows(
                    "SELECT 1 FROM opinions WHERE scan = ? AND announced_ts > '0'", self.scan(s)
                ),
                step_s=2,
            )
            await self.completed(shared)
        self.malicious = shared

    async def elsewhere(self) -> None:
        """Private conversations, threads, the command line, rescans that were asked for."""
        place = self.place
        secret = place.channel("secret", kind="private")
        await self.completed(self.share("com.example.secret", where=secret))
        await self.completed(self.share("com.example.direct", where=self.dana.im()))
        answered = await place.waiting_rescan(APP_ID)
        taken = self.share("com.example.till", where=answered.channel, thread_ts=answered.ts)
        await self.state("scans", taken, "submitted")
        await self.until(lambda: self.rows("SELECT 1 FROM requests WHERE state = 'answered'"), step_s=1)
        self.waiting = await place.waiting_rescan(APP_ID)
        await place.waiting_rescan(OTHER_APP_ID, who=self.eli, where=secret)
        path = self.folder / "till.apk"
        path.write_bytes(apk("2.0", package="com.example.shell", label="Shell"))
        environ = environ_for(place.slack, self.onetrust, Path(place.environ["APPSCAN_DB"]))
        command = await BotProcess(
            environ, self.folder / "shell.log", "scan", str(path), "--channel", place.builds_channel.id
        ).start()
        assert await command.ended() == 0, (self.folder / "shell.log").read_text()

    async def questions(self) -> None:
        """What people asked, with the buttons that are in the answers, and the forms that they left open."""
        place = self.place
        self.clock.hurried = False
        for name in range(12):
            self.onetrust.add_app(f"Ledger {name:02}", "IOS")
        unknown = f"{CONSENT}{GUIDS[2]}"
        place.zscaler.governance.add_unknown(unknown)
        for words in (
            "help", "history", "apps", "apps ledger", "rescan ledger", "sdk okhttp", "diff com.example.shop",
            "status", f"status {self.scan(self.second)}", "status com.example.shop", "verdict 1",
            f"verdict {'0' * 32}", "urls bad.shop-example.com new.shop-example.com",
            f"governance {ONEDRIVE_FREE_CLIENT['clientId']}", f"governance {unknown}", "zscaler",
        ):  # fmt: skip
            await place.command(words)
        place.zscaler.world.activation = "PENDING"
        await place.command("zscaler activate")
        for words, button in (
            ("history", "history_older"),
            ("apps", "apps_next"),
            ("sdk okhttp", "sdk_next"),
            ("apps ledger", "applications_next"),
        ):
            await place.command(words)
            answer = self.dana.ephemerals(place.builds_channel)[-1]
            await place.told(await self.dana.press(place.builds_channel, answer.ts, button))
        await place.told(await place.press(self.first, "Details"))
        for shared, button, number, pages in (
            (self.second, "All SDKs and permissions", 1, ("found_permissions",)),
            (self.phone, "All SDKs and permissions", 1, ()),
            (self.second, "All hosts", 0, ("hosts_next",)),
            (self.malicious, "Sandbox report", 1, ("opinion_next",)),
            (self.seen_before, "Rescan as…", 0, ()),
            (self.taken, "Rescan as…", 0, ()),
            (self.uncertain, "It arrived…", 0, ()),
            (self.linkable, "Link app ID…", 0, ()),
            (self.many, "All SDKs and permissions", 1, ("found_next",)),
        ):
            await self.form(shared, button, number=number)
            for page in pages:
                await self.form_page(page)
        ((breach,),) = self.rows(
            "SELECT max(number) FROM breaches WHERE scan = ? AND acknowledged_at IS NULL",
            self.scan(self.second),
        )
        await self.form(self.second, "Acknowledge…", number=1, value=str(breach))
        found = [
            message
            for message in self.dana.ephemerals(place.builds_channel)
            if "OneDrive Free Client" in place.read(message)
        ]
        await self.dana.close_view()
        await self.dana.press(place.builds_channel, found[-1].ts, "All that is known")
        await place.form()
        await self.form_page("governance_risks")
        self.clock.hurried = True

    async def in_flight(self) -> None:
        """What is under way when the bot is killed: every state that moves on by itself."""
        place, faults, slack = self.place, self.onetrust.faults, self.place.slack.faults
        running = self.share("com.example.running", ios=True)
        await self.completed(running, "PROGRESS", "running")
        await self.restart(ZSCALER_HOLD="1", ZSCALER_REPORT_FIRST_S="600", APPSCAN_CONCURRENCY="12")
        place.zscaler.reports.report_s = 900
        self.held = self.share("com.example.held")
        await self.state("opinions", self.held, "analysing")
        await self.state("scans", self.held, "queued")

        place.zscaler.unavailable(None, "cloud.*")
        looking = self.share("com.example.looking", strings=["https://yet.shop-example.com"])
        await self.state("host_looks", looking, "looking")

        half = faults.add("webhook", hold=True, hold_after=1_000_000)
        small = ipa(bundle_id="com.example.sending", name="Sending", display_name="Sending")
        sending = self.share_bytes(
            "Sending.ipa", padded(small, 16_000_000)
        )  # more than what lies between two sockets
        await asyncio.wait_for(half.reached(), 60)
        await self.state("submissions", sending, "sending")
        whole = faults.add("webhook", hold=True, hold_after=1)
        committed = self.share("com.example.committed", ios=True)
        await asyncio.wait_for(whole.reached(), 60)
        await self.state("submissions", committed, "committed")
        behind = self.share("com.example.committed", "1.1", ios=True)
        await self.state("scans", behind, "waiting")

        slack.add("download", hold=True, hold_after=100, times=None)
        pulling = self.share("com.example.pulling", ios=True)
        await self.state("scans", pulling, "pulling")
        await self.late_arrival()
        place.zscaler.unavailable(None, "sandbox.*")
        # OneTrust goes away: what is sent fails until nothing is sent any more, and a notice says so.
        slack.clear()
        slack.add("download", hold=True, hold_after=100, times=None, where={"file": pulling.file_id})
        faults.add("webhook", status=503, times=None)
        for number in range(14):
            self.share(f"com.example.queued{number}", ios=True, who=self.dana if number % 2 else self.eli)
        await self.until(lambda: self.rows("SELECT 1 FROM notices WHERE away_since IS NOT NULL"), step_s=5)
        parked = self.share("com.example.parked", strings=["https://n1.shop-example.com"])
        await self.state("scans", parked, "queued")
        await self.until(
            lambda: (
                self.scan(parked)
                and self.rows("SELECT 1 FROM scans WHERE number = ? AND reply_ts > '0'", self.scan(parked))
            )
        )
        slack.add("chat.postMessage", hold=True, times=None)
        received = self.share("com.example.received", ios=True, where=self.place.channel("quiet"))
        await self.until(lambda: self.scan(received))

    async def late_arrival(self) -> None:
        """A file of which Slack has not said yet in which message it is."""
        slack = self.place.slack.faults
        slack.add("event.message", drop=True)
        slack.add("files.info", times=None, value="no_shares")
        self.share("com.example.arrival", ios=True)
        await self.until(lambda: self.rows("SELECT 1 FROM arrivals WHERE attempts > 0"))


async def make(folder: Path) -> None:
    """Play, and write the fixture into a folder."""
    clock = ShiftedClock()
    clock.hurried = True
    outside = OutsideClock(clock)
    logging.basicConfig(level="WARNING", format="%(levelname)s %(name)s %(message)s")
    async with AsyncExitStack() as stack:
        work = Path(stack.enter_context(TemporaryDirectory()))
        root = work / "server"
        (root / "in").mkdir(parents=True)
        ftp = await stack.enter_async_context(FtpSandbox(root=root))

        def prepare(place: Office) -> None:
            policy = work / "policy.toml"
            policy.write_text(POLICY.format(eli=place.eli.id))
            place.onetrust.workflow.depot = root
            place.environ |= {
                "APPSCAN_ADMINS": f"{place.dana.id} {place.eli.id}",
                "APPSCAN_POLICY": str(policy),
                "APPSCAN_RETENTION_DAYS": "20",
                "ONETRUST_RESULTS_HOURS": "24",
                "ONETRUST_RESULTS_POLL_S": "5",
                "ONETRUST_REST_LIMIT": str(FTP_FROM_BYTES),
                "ONETRUST_FTP_URL": f"sftp://{ftp.user}@127.0.0.1:{ftp.port}/in",
                "ONETRUST_FTP_PASSWORD": ftp.password,
                "ONETRUST_FTP_HOST_KEY": ftp.host_key,
                "ONETRUST_FTP_WEBHOOK_URL": place.onetrust.ftp_webhook_url,
                "ONETRUST_FTP_RESCAN_WEBHOOK_URL": place.onetrust.ftp_rescan_webhook_url,
                "ONETRUST_FTP_REMOTE_PATH": "/in",
                "ONETRUST_FTP_KEEP_HOURS": "720",
            }

        place = await stack.enter_async_context(
            office(
                work, world=World(clock=outside), clock=clock, outside=outside, prepare=prepare, zscaler=True
            )
        )
        play = Play(place, clock, work)
        for act in (
            play.long_ago, play.ordinary, play.outcomes, play.verdicts, play.elsewhere, play.questions,
            play.in_flight,
        ):  # fmt: skip
            sys.stdout.write(f"{act.__name__}\n")
            sys.stdout.flush()
            async with asyncio.timeout(200):
                await act()
        save(place, folder)


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    asyncio.run(make(Path(sys.argv[1])))
