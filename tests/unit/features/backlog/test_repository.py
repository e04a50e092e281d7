"""How long each channel's queue is, and what it was told of it."""

import pytest

from bot.core.scan import State
from bot.features.backlog.models import Backlog, Notice
from bot.features.backlog.repository import BacklogRepository
from tests.fakes import a_share
from tests.unit.features.scenes import a_scan


@pytest.fixture
def notices(database, clock):
    return BacklogRepository(database, clock)


async def test_a_backlog_counts_what_waits_and_what_was_not_answered(store, notices):
    states = [State.RECEIVED, State.QUEUED, State.PULLING, State.ASKING, State.SUBMITTED, State.CANCELLED]
    for place, state in enumerate(states):
        await a_scan(store, state, a_share(f"F{place}"))
    answered = await a_scan(store, State.RECEIVED, a_share("F8", channel="C2"))
    await store.queue.set_reply(answered.number, "1.2")
    done = await a_scan(store, State.SUBMITTED, a_share("F9", channel="C3"))
    await store.queue.set_reply(done.number, "1.3")
    await store.queue.shown(done.number, done.revision)

    found = {backlog.channel: backlog for backlog in await notices.backlogs()}

    assert found == {
        "C1": Backlog(channel="C1", waiting=2, unanswered=5),
        "C2": Backlog(channel="C2", waiting=1, unanswered=0),
    }


async def test_a_notice_is_kept_as_it_was_shown_until_it_is_over(notices):
    notice = Notice(channel="C1", message_ts="1.2", opened_at=5.0, waiting=3, unanswered=9)
    changed = Notice(
        channel="C1", message_ts="1.2", opened_at=5.0, away_since=6.0, was_away=True, waiting=2, unanswered=1
    )
    await notices.put(notice)
    assert await notices.open() == [notice]
    await notices.put(changed)
    assert await notices.open() == [changed]
    await notices.remove("C1")
    assert await notices.open() == []
