"""What the tests of the webhook share: a scanner on a server of their own, and what was told on the way."""

import asyncio
import email.message
import email.parser
import email.policy

import pytest

from bot.errors import SubmissionError
from bot.scanners.http.upload import UploadClient
from bot.scanners.onetrust.auth import ApiKey
from bot.scanners.onetrust.routes.webhook import Webhook
from tests.fakes import FakeJournal

SECRET_PATH = "/integrationmanager/api/v1/webhook/5ec2e7-1d?Authorization=Bearer%20in-the-url"
KEY = "the-api-key"
LARGE = 24_000_000  # more than the sockets between two ends take up by themselves
ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Length: 20\r\n\r\n{"requestId": "r-1"}'


class Watch(FakeJournal):
    """What a submission told while it went."""


def webhook(url: str, **more) -> Webhook:
    return Webhook(url + SECRET_PATH, UploadClient(ApiKey(KEY), **more))


async def submit(scanner: Webhook, build, watch: Watch, *, committing=None, progress=None):
    watch._committing = committing
    if progress is not None:
        watch.progress = progress
    return await scanner.submit(*build, watch)


async def failure(scanner: Webhook, build, watch: Watch, **more) -> SubmissionError:
    with pytest.raises(SubmissionError) as caught:
        await submit(scanner, build, watch, **more)
    return caught.value


async def read_head(reader: asyncio.StreamReader) -> tuple[str, email.message.Message]:
    line, _, headers = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").partition("\r\n")
    return line, email.parser.Parser(policy=email.policy.HTTP).parsestr(headers)


async def read_body(reader: asyncio.StreamReader) -> bytes:
    _, headers = await read_head(reader)
    return await reader.readexactly(int(headers["Content-Length"]))
