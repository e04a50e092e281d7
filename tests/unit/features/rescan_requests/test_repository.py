"""Waiting rescans, and files that arrived without their message."""

from dataclasses import replace

import pytest

from bot.core.scan import ChannelKind, State, SubmissionState
from bot.features.rescan_requests.models import Arrival, RequestState
from tests.fakes import APP_ID, OTHER_APP_ID, START, a_share
from tests.unit.features.scenes import a_scan


async def a_request(store, *, channel="C1", message_ts="1790000009.000100", app_id=APP_ID, wait_s=3600.0):
    request = await store.requests.create(
        app_id=app_id,
        channel=channel,
        channel_kind=ChannelKind.PUBLIC,
        asked_by="UANA",
        wait_s=wait_s,
        latest=None,
    )
    return await store.requests.update(request.number, message_ts=message_ts)


async def an_answer(store, request, state=State.SUBMITTED, *, file_id="F1", app_id=APP_ID):
    share = a_share(file_id, request_number=request.number, asked_app_id=request.app_id)
    return await a_scan(store, state, share, app_id=app_id)


async def test_a_request_is_kept_as_it_was_made(store):
    latest = await a_scan(store, State.SUBMITTED)
    request = await store.requests.create(
        app_id=APP_ID,
        channel="G1",
        channel_kind=ChannelKind.PRIVATE,
        asked_by="UANA",
        wait_s=60,
        latest=latest.number,
    )

    assert await store.requests.request(request.number) == request
    assert (request.app_id, request.channel, request.asked_by) == (APP_ID, "G1", "UANA")
    assert (request.channel_kind, request.state) == (ChannelKind.PRIVATE, RequestState.WAITING)
    assert (request.created_at, request.expires_at) == (START, START + 60)
    assert (request.message_ts, request.latest, request.answer) == (None, latest.number, None)
    assert await store.requests.request(99) is None


async def test_a_request_waits_in_its_own_thread(store, clock):
    request = await a_request(store)

    assert await store.requests.waiting_in("C1", "1790000009.000100") == request
    assert await store.requests.waiting_in("C2", "1790000009.000100") is None
    assert await store.requests.waiting_in("C1", "1790000000.000100") is None
    clock.advance(3600)
    assert await store.requests.waiting_in("C1", "1790000009.000100") is None


async def test_a_request_lapses_at_its_time_and_once(store, clock):
    early, late = await a_request(store, wait_s=60), await a_request(store, wait_s=90)
    assert (await store.requests.close())[1] == START + 60
    assert (await store.requests.close())[0] == []

    clock.advance(60)
    (lapsed,) = (await store.requests.close())[0]

    assert (lapsed.number, lapsed.state) == (early.number, RequestState.LAPSED)
    assert (await store.requests.close())[0] == []
    assert (await store.requests.close())[1] == START + 90
    clock.advance(30)
    assert [request.number for request in (await store.requests.close())[0]] == [late.number]
    assert (await store.requests.close())[1] is None


async def test_a_request_is_answered_once_by_the_first_rescan(store):
    request = await a_request(store)
    assert (await store.requests.close())[0] == []
    first = await an_answer(store, request)
    await an_answer(store, request, file_id="F2")

    (answered,) = (await store.requests.close())[0]

    assert (answered.number, answered.state) == (request.number, RequestState.ANSWERED)
    assert answered.answer == first.number
    assert (await store.requests.close())[0] == []
    assert await store.requests.waiting_in("C1", "1790000009.000100") is None
    assert (await store.requests.close())[1] is None


async def test_only_a_rescan_of_its_app_that_was_submitted_answers_a_request(store):
    request = await a_request(store)
    await an_answer(store, request, State.UNCERTAIN, file_id="F1")
    await an_answer(store, request, State.QUEUED, file_id="F2")
    await an_answer(store, request, file_id="F3", app_id=OTHER_APP_ID)  # a person chose otherwise
    await an_answer(store, request, file_id="F4", app_id=None)  # or: as a new app
    await a_scan(store, State.SUBMITTED, a_share("F5"), app_id=APP_ID)

    assert (await store.requests.close())[0] == []

    uncertain = await store.scans.move(
        1, State.SUBMITTED, why="found", submission={"state": SubmissionState.ACCEPTED}
    )
    (answered,) = (await store.requests.close())[0]
    assert answered.answer == uncertain.number


async def test_a_request_that_lapsed_is_answered_no_more(store, clock):
    request = await a_request(store, wait_s=60)
    clock.advance(60)
    (await store.requests.close())[0]
    await an_answer(store, request)

    assert (await store.requests.close())[0] == []
    assert (await store.requests.request(request.number)).state is RequestState.LAPSED


@pytest.mark.parametrize("state", [State.RECEIVED, State.PULLING, State.QUEUED, State.WAITING])
async def test_a_request_does_not_lapse_while_its_answer_is_on_its_way(store, clock, state):
    request = await a_request(store, wait_s=60)
    answer = await an_answer(store, request, state)
    clock.advance(60)

    assert (await store.requests.close())[0] == []
    assert (await store.requests.close())[1] is None
    await store.scans.cancel(answer.number, why="Cancelled.", who=None)
    assert [lapsed.number for lapsed in (await store.requests.close())[0]] == [request.number]


async def test_an_arrival_is_kept_until_it_is_settled(store):
    for _ in range(2):  # Slack tells again
        await store.requests.arrived("F1", "C1", "1790000000.5")
    await store.requests.arrived("F1", "C2", "1790000000.5")
    first, second = await store.requests.arrivals()
    assert [first, second] == [
        Arrival(file_id="F1", channel=channel, event_ts="1790000000.5", attempts=0, due_at=START)
        for channel in ("C1", "C2")
    ]

    await store.requests.settle_arrival(first, retry_at=START + 5)
    await store.requests.settle_arrival(second, retry_at=None)

    assert await store.requests.arrivals() == [replace(first, attempts=1, due_at=START + 5)]
