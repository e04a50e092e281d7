"""Sending files to Zscaler's Sandbox, on its stand-in: what each answer means, and where the token is not."""

import hashlib
import json
import logging
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.errors import Maintenance, Refused, SubmissionError, TryLater
from bot.features.verdicts.models import SandboxVerdict, Threat
from bot.scanners.http.json_fields import WORD_LIMIT
from bot.scanners.http.upload import UploadTimeouts
from bot.scanners.zscaler import receipts as sentences
from bot.scanners.zscaler.sandbox import SUBMIT_LIMIT_BYTES, Sandbox
from sandbox.builds import make_apk
from sandbox.zscaler import ZscalerSandbox

TOKEN_IN_ADDRESS = "api_token="


@pytest.fixture
async def zscaler() -> AsyncIterator[ZscalerSandbox]:
    async with ZscalerSandbox(strict_rates=False) as opened:
        yield opened


@pytest.fixture
def build(tmp_path: Path) -> Path:
    path = tmp_path / "build"
    path.write_bytes(make_apk(package="com.example.shop", version_name="1", version_code=1, label="Shop"))
    return path


def md5_of(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def client(
    zscaler: ZscalerSandbox,
    *,
    token: str | None = None,
    url: str | None = None,
    limit: int = SUBMIT_LIMIT_BYTES,
) -> Sandbox:
    return Sandbox(
        url or zscaler.sandbox_url,
        token or zscaler.sandbox_token,
        now=zscaler.clock.now,
        timeouts=UploadTimeouts(connect_s=5, stall_s=0.3, response_s=0.3, response_body_s=0.3),
        reach_timeout_s=0.3,
        submit_limit_bytes=limit,
    )


async def refused(sandbox: Sandbox, path: Path) -> SubmissionError:
    with pytest.raises(SubmissionError) as caught:
        await sandbox.submit(path, md5_of(path))
    return caught.value


async def test_a_file_goes_whole_and_is_analysed(zscaler: ZscalerSandbox, build: Path) -> None:
    receipt = await client(zscaler).submit(build, md5_of(build))

    [sent] = zscaler.submissions
    assert (sent.way, sent.md5, sent.force) == ("submit", md5_of(build), False)
    assert (receipt.is_covered, receipt.is_analysed) == (True, True)
    assert receipt.verdict is None


async def test_whether_it_answers_is_found_out_without_a_file(zscaler: ZscalerSandbox) -> None:
    await client(zscaler).reach()
    await client(zscaler, token="another-token").reach()  # that is an answer too

    assert zscaler.submissions == []
    zscaler.faults.add("*", hold=True, times=None)
    for sandbox in (client(zscaler), client(zscaler, url="http://127.0.0.1:1/zscsb")):
        with pytest.raises(TryLater) as caught:
            await sandbox.reach()
        assert "can't be reached" in caught.value.user_message
        told = "".join(traceback.format_exception(caught.value))
        assert zscaler.sandbox_token not in told
        assert TOKEN_IN_ADDRESS not in told
    zscaler.faults.clear()


async def test_what_was_judged_before_is_not_analysed_again(zscaler: ZscalerSandbox, build: Path) -> None:
    zscaler.reports.report_s = 0.0
    await client(zscaler).submit(build, md5_of(build))

    receipt = await client(zscaler).submit(build, md5_of(build))

    assert (receipt.is_analysed, receipt.verdict) == (False, None)


async def test_an_instant_verdict_is_one_whether_its_code_is_text_or_number(
    zscaler: ZscalerSandbox, build: Path
) -> None:
    for _ in range(2):
        receipt = await client(zscaler, limit=0).submit(build, md5_of(build))
        assert receipt.verdict is not None
        assert (receipt.verdict.threat, receipt.verdict.is_instant) == (Threat.BENIGN, True)
    assert [sent.way for sent in zscaler.submissions] == ["discan", "discan"]


@pytest.mark.parametrize(("spare", "way"), [(0, "submit"), (-1, "discan")])
async def test_a_file_above_the_limit_gets_an_instant_verdict(
    zscaler: ZscalerSandbox, build: Path, spare: int, way: str
) -> None:
    limit = build.stat().st_size + spare  # noqa: ASYNC240 - one look
    await client(zscaler, limit=limit).submit(build, md5_of(build))

    assert [sent.way for sent in zscaler.submissions] == [way]


@pytest.mark.parametrize("limit", [SUBMIT_LIMIT_BYTES, 0])
async def test_known_malware_is_told_at_once(zscaler: ZscalerSandbox, build: Path, limit: int) -> None:
    zscaler.world.known_bad[md5_of(build)] = ("Android/Agent", "Virus")

    receipt = await client(zscaler, limit=limit).submit(build, md5_of(build))

    assert receipt.verdict == SandboxVerdict(
        threat=Threat.MALICIOUS, category="Virus", malware="Android/Agent", file_type="apk", is_instant=True
    )


async def test_what_no_rule_covers_is_known_by_its_type(zscaler: ZscalerSandbox, build: Path) -> None:
    zscaler.world.covered.discard("apk")

    for limit in (SUBMIT_LIMIT_BYTES, 0):
        receipt = await client(zscaler, limit=limit).submit(build, md5_of(build))
        assert (receipt.is_covered, receipt.verdict) == (False, None)


async def test_a_token_with_any_signs_arrives_whole(zscaler: ZscalerSandbox, build: Path) -> None:
    for token in ("a&force=1#%2b+/ =ü", "wrong"):
        error = await refused(client(zscaler, token=token), build)
        assert isinstance(error, Refused)
        assert (error.status, error.user_message) == (401, sentences.TOKEN.format(status=401))
    assert zscaler.submissions == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, Refused) for status in (201, 204, 301, 302, 307, 400, 401, 403, 404, 413, 415, 422)),
        *((status, TryLater) for status in (408, 409, 429, 500, 502, 503, 504)),
    ],
)
async def test_every_status_means_something(
    zscaler: ZscalerSandbox, build: Path, status: int, kind: type[SubmissionError]
) -> None:
    zscaler.faults.add("sandbox.submit", status=status, headers={"Location": "http://127.0.0.1:9/elsewhere"})

    error = await refused(client(zscaler), build)

    assert type(error) is kind
    assert error.status == status
    assert error.user_message.endswith((".", ")."))


async def test_a_code_in_the_answer_counts_as_its_status(zscaler: ZscalerSandbox, build: Path) -> None:
    for code, kind in (("500", TryLater), (403, Refused), ("429", TryLater)):
        zscaler.faults.add("sandbox.submit", status=200, body=json.dumps({"code": code, "message": "no"}))
        error = await refused(client(zscaler), build)
        assert (type(error), error.status) == (kind, int(code))


async def test_maintenance_is_told_as_such(zscaler: ZscalerSandbox, build: Path) -> None:
    zscaler.faults.add("sandbox.submit", status=403, body=json.dumps({"code": "STATE_READONLY"}))

    assert type(await refused(client(zscaler), build)) is Maintenance


async def test_a_used_up_day_says_when_it_is_over(build: Path) -> None:
    async with ZscalerSandbox(submissions_a_day=0) as zscaler:
        error = await refused(client(zscaler), build)

    assert isinstance(error, TryLater)
    assert error.retry_after_s is not None
    assert error.retry_after_s > 60


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "[]", "null", '{"code": 200}', '{"md5": 7}', "[" * 5000, '{"md5": "' + "0" * 32 + '"}'],
)
async def test_an_answer_that_makes_no_sense_is_not_tried_again(
    zscaler: ZscalerSandbox, build: Path, body: str
) -> None:
    zscaler.faults.add("sandbox.submit", status=200, body=body)

    error = await refused(client(zscaler), build)

    assert isinstance(error, Refused)
    assert error.user_message in {sentences.NO_SENSE, sentences.ANOTHER_FILE}


async def test_what_is_in_an_answer_is_bounded(zscaler: ZscalerSandbox, build: Path) -> None:
    answer = {"code": 200, "md5": md5_of(build).upper(), "virusName": "x\n\x00" * 1_000, "virusType": ["y"]}
    zscaler.faults.add("sandbox.submit", status=200, body=json.dumps(answer))

    receipt = await client(zscaler).submit(build, md5_of(build))

    assert receipt.verdict is not None
    assert receipt.verdict.malware == ("x " * 67)[: WORD_LIMIT - 1].rstrip() + "…"
    assert receipt.verdict.category is None


@pytest.mark.parametrize("fault", [{"hold": True}, {"drop": True}, {"cut_after": 1}])
async def test_what_is_lost_on_the_way_may_be_sent_again(
    zscaler: ZscalerSandbox, build: Path, fault: dict[str, object]
) -> None:
    zscaler.faults.add("sandbox.submit", **fault)  # type: ignore[arg-type]

    error = await refused(client(zscaler), build)

    assert isinstance(error, TryLater)
    assert error.scanner_failed
    zscaler.faults.clear()
    assert (await client(zscaler).submit(build, md5_of(build))).is_analysed


async def test_a_file_that_is_gone_is_no_fault_of_the_sandbox(
    zscaler: ZscalerSandbox, tmp_path: Path
) -> None:
    with pytest.raises(TryLater) as caught:
        await client(zscaler).submit(tmp_path / "gone", "0" * 32)

    assert not caught.value.scanner_failed


async def test_the_token_is_in_no_error_and_no_log(
    zscaler: ZscalerSandbox, build: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/zscsb"
        told: list[str] = []
        for url, fault in (
            (nobody, None),
            ("http://no-such-host.invalid/zscsb", None),
            (None, {"status": 302, "headers": {"Location": "http://[broken"}}),
            (None, {"status": 500}),
            (None, {"drop": True}),
            (None, {"cut_after": 1}),
            (None, {"hold": True}),
        ):
            if fault is not None:
                zscaler.faults.add("sandbox.submit", **fault)  # type: ignore[arg-type]
            try:
                await client(zscaler, url=url).submit(build, md5_of(build))
            except SubmissionError as error:
                told += [
                    repr(error.__cause__),
                    repr(error.__context__),
                    repr(error),
                    str(error),
                    error.user_message,
                    *traceback.format_exception(error),
                ]
            zscaler.faults.clear()
        assert len(told) >= 7 * 3
    for text in (*told, caplog.text):
        assert TOKEN_IN_ADDRESS not in text
        assert zscaler.sandbox_token not in text
        assert quote(zscaler.sandbox_token) not in text
