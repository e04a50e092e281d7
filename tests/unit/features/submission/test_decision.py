"""New scan or rescan, rule by rule and for all that the history can say."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.scan import FileType, Kind, Link, Platform, Question, Reason, Scan, Source, State
from bot.features.submission.decision import DecisionFacts, decide
from tests.fakes import APP_ID, OTHER_APP_ID, START

READ = Scan(
    number=9,
    state=State.CHECKING,
    source=Source.SLACK,
    revision=2,
    created_at=START,
    updated_at=START,
    file_name="shop.apk",
    sha256="ab" * 32,
    file_type=FileType.APK,
    platform=Platform.ANDROID,
    bundle_id="com.example.shop",
)
EARLIER = replace(READ, number=3, state=State.SUBMITTED)
GOING = replace(READ, number=4, state=State.QUEUED, kind=Kind.NEW)
LINK = Link(
    bundle_id="com.example.shop", platform=Platform.ANDROID, app_id=APP_ID, linked_by=None, linked_at=START
)
FOREIGN = replace(LINK, bundle_id="com.example.other")

asked_ids = st.sampled_from([None, APP_ID, OTHER_APP_ID])
scans = st.builds(
    replace,
    st.just(READ),
    asked_app_id=asked_ids,
    request_number=st.sampled_from([None, 1]),
    occasion=st.sampled_from(["", "command-1"]),
    insist=st.booleans(),
)
facts = st.builds(
    DecisionFacts,
    link=st.sampled_from([None, LINK]),
    owners=st.sampled_from([(), (FOREIGN,)]),
    same_file=st.sampled_from([None, EARLIER, GOING]),
    in_flight=st.sampled_from([None, GOING]),
    seen=st.sampled_from([None, EARLIER]),
)


def test_an_app_never_seen_is_new():
    verdict = decide(READ, DecisionFacts())

    assert (verdict.state, verdict.kind, verdict.reason) == (State.SUBMITTING, Kind.NEW, Reason.FIRST)
    assert verdict.app_id is None


def test_a_linked_app_is_rescanned():
    verdict = decide(READ, DecisionFacts(link=LINK, seen=EARLIER, in_flight=GOING))

    assert (verdict.kind, verdict.reason, verdict.app_id) == (Kind.RESCAN, Reason.LINKED, APP_ID)


def test_an_app_in_flight_makes_the_next_one_wait():
    verdict = decide(READ, DecisionFacts(in_flight=GOING, seen=EARLIER))

    assert (verdict.state, verdict.original, verdict.kind) == (State.WAITING, 4, None)


def test_an_app_seen_before_without_an_app_id_is_asked_about():
    verdict = decide(READ, DecisionFacts(seen=EARLIER))

    assert (verdict.state, verdict.question, verdict.original) == (State.ASKING, Question.SEEN_BEFORE, 3)


def test_the_same_file_is_not_submitted_again():
    verdict = decide(READ, DecisionFacts(same_file=EARLIER, link=LINK))

    assert (verdict.state, verdict.original) == (State.DUPLICATE, 3)


def test_the_same_file_goes_on_where_a_person_insists():
    verdict = decide(replace(READ, insist=True), DecisionFacts(same_file=EARLIER, link=LINK))

    assert (verdict.kind, verdict.reason) == (Kind.RESCAN, Reason.LINKED)


def test_who_insists_on_an_app_that_was_seen_is_still_asked_which_it_is():
    verdict = decide(replace(READ, insist=True), DecisionFacts(same_file=EARLIER, seen=EARLIER))

    assert verdict.question is Question.SEEN_BEFORE


def test_the_app_id_asked_for_goes_before_the_link():
    verdict = decide(replace(READ, asked_app_id=OTHER_APP_ID), DecisionFacts(link=LINK))

    assert (verdict.kind, verdict.app_id) == (Kind.RESCAN, OTHER_APP_ID)


def test_how_the_app_id_was_asked_for_is_told():
    asked = replace(READ, asked_app_id=APP_ID)
    reasons = {
        decide(asked, DecisionFacts()).reason,
        decide(replace(asked, occasion="command-7"), DecisionFacts()).reason,
        decide(replace(asked, occasion="request-1", request_number=1), DecisionFacts()).reason,
    }

    assert decide(asked, DecisionFacts()).reason is Reason.COMMENT
    assert decide(replace(asked, occasion="command-7"), DecisionFacts()).reason is Reason.COMMAND
    assert reasons == {Reason.COMMENT, Reason.COMMAND, Reason.REQUEST}


def test_an_app_id_of_another_build_is_asked_about():
    verdict = decide(replace(READ, asked_app_id=APP_ID), DecisionFacts(owners=(FOREIGN,)))

    assert (verdict.state, verdict.question) == (State.ASKING, Question.APP_ID_TAKEN)


def test_an_app_id_that_is_linked_to_this_build_too_is_right():
    verdict = decide(replace(READ, asked_app_id=APP_ID), DecisionFacts(owners=(FOREIGN,), link=LINK))

    assert (verdict.kind, verdict.app_id) == (Kind.RESCAN, APP_ID)


@given(scans, facts)
def test_no_second_new_app_without_a_persons_word(scan, known):
    verdict = decide(scan, known)

    if verdict.kind is Kind.NEW:
        assert (known.seen, known.in_flight, known.link, scan.asked_app_id) == (None, None, None, None)
        assert verdict.reason is Reason.FIRST


@given(scans, facts)
def test_an_app_id_asked_for_is_never_held_back(scan, known):
    verdict = decide(scan, known)

    if scan.asked_app_id is not None:
        assert verdict.state is State.SUBMITTING or verdict.question is Question.APP_ID_TAKEN
        assert verdict.app_id in {None, scan.asked_app_id}


@given(scans, facts, st.sampled_from(Kind), asked_ids)
def test_what_a_person_chose_stays_decided(scan, known, kind, app_id):
    chosen = replace(scan, kind=kind, reason=Reason.CHOSEN, app_id=app_id)
    verdict = decide(chosen, known)

    assert (verdict.state, verdict.kind, verdict.app_id) == (State.SUBMITTING, kind, app_id)
    assert verdict.reason is Reason.CHOSEN


@given(scans, facts, st.sampled_from(Kind), st.sampled_from([r for r in Reason if r is not Reason.CHOSEN]))
def test_what_the_bot_decided_for_an_earlier_try_is_decided_afresh(scan, known, kind, reason):
    tried = replace(scan, kind=kind, reason=reason, app_id=None)

    assert decide(tried, known) == decide(replace(scan, kind=None, reason=None, app_id=None), known)


@given(scans, facts)
def test_every_verdict_is_whole(scan, known):
    verdict = decide(scan, known)

    assert verdict.why
    assert (verdict.kind is not None) == (verdict.reason is not None) == (verdict.state is State.SUBMITTING)
    assert (verdict.app_id is not None) == (verdict.kind is Kind.RESCAN)
    assert (verdict.question is not None) == (verdict.state is State.ASKING)
    if verdict.state in {State.DUPLICATE, State.WAITING}:
        assert verdict.original is not None
