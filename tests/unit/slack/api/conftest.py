from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.scan import Scan, Source, State
from bot.errors import AppscanError
from bot.slack.api.client import SlackRetries
from bot.slack.api.files import DownloadTimeouts, SlackFiles
from tests.fakes import HeldClock
from tests.unit.slack.api.stub import LIMIT, TOKEN, Slack, ignore


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as server:
        yield server


@pytest.fixture
def pull(slack, tmp_path):
    async def pulled(
        *, limit_bytes=LIMIT, progress=ignore, timeouts=None, resolver=None, api=None, tls=None, **about
    ):
        retries = [SlackRetries(HeldClock())]
        client = AsyncWebClient(token=TOKEN, base_url=slack.url + "/api/", retry_handlers=retries)
        files = SlackFiles(
            client,
            api_url=api or slack.url + "/api/",
            token=TOKEN,
            timeouts=timeouts or DownloadTimeouts(),
            resolver=resolver,
            tls=tls,
        )
        scan = Scan(
            number=1,
            state=State.PULLING,
            source=Source.SLACK,
            revision=1,
            created_at=0,
            updated_at=0,
            file_name="shop.apk",
            **({"file_id": "F1"} | about),
        )
        return await files.pull(scan, tmp_path / "build", limit_bytes=limit_bytes, progress=progress)

    return pulled


@pytest.fixture
def failure(pull):
    async def failed(**about) -> AppscanError:
        with pytest.raises(AppscanError) as caught:
            await pull(**about)
        return caught.value

    return failed
