"""Look-ups of 3rd-party apps."""

import pytest

ONEDRIVE = "22c49a0d-d21c-4792-aed1-8f163c982546"


@pytest.fixture
def ask(zscaler, client):
    async def asked(key=None, **query):
        headers = {"X-API-KEY": key or zscaler.apptotal_key}
        return await client.get(zscaler.apptotal_url + "/apps/app", params=query, headers=headers)

    return asked


async def test_the_app_of_the_example_is_known(zscaler, ask):
    answer = await ask(app_id=ONEDRIVE)
    assert (answer.status_code, answer.headers["X-Rate-Limit-Remaining"]) == (200, "24")
    app = answer.json()
    assert (app["name"], app["riskScore"], app["dataRetention"]) == ("OneDrive Free Client", 9.030265, None)
    assert len(app["permissions"]) == 4
    link = "https://market.example/apps?id=1&x=ä"
    zscaler.governance.add_app({"name": "Mine"}, link)
    assert (await ask(url=link)).json() == {"name": "Mine"}


async def test_an_app_that_nobody_knew_is_known_a_day_later(zscaler, ask):
    zscaler.governance.add_unknown("new-app", {"name": "New"})
    assert (await ask(app_id="new-app")).status_code == 202
    zscaler.clock.advance(86_399)
    assert (await ask(app_id="new-app")).status_code == 202
    zscaler.clock.advance(1)
    assert (await ask(app_id="new-app")).json() == {"name": "New"}
    assert (await ask(app_id="nobody")).status_code == 404
    assert [call.status for call in zscaler.governance_calls] == [202, 202, 200, 404]


async def test_a_call_is_refused_for_its_key_its_question_and_their_number(zscaler, ask):
    assert (await ask(key="other", app_id=ONEDRIVE)).status_code == 401
    assert (await ask()).status_code == 400
    assert (await ask(app_id=ONEDRIVE, url="https://a.example")).status_code == 400
    zscaler.world.governance_allowed = False
    assert (await ask(app_id=ONEDRIVE)).status_code == 403
    zscaler.world.governance_allowed = True
    zscaler.governance.quota.allowed = 2
    for left in (1, 0):
        assert (await ask(app_id=ONEDRIVE)).headers["X-Rate-Limit-Remaining"] == str(left)
    answer = await ask(app_id=ONEDRIVE)
    assert answer.status_code == 409
    assert "X-Rate-Limit-Remaining" not in answer.headers
    zscaler.clock.advance(86_400)
    assert (await ask(app_id=ONEDRIVE)).status_code == 200
