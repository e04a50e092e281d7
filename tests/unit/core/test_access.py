"""Who is let in, where, and for what."""

from dataclasses import replace

import pytest

from bot.core.access import (
    ADMINS_ONLY,
    ELSEWHERE,
    EXTERNAL,
    GUEST,
    NO_ADMINS,
    NO_ZSCALER,
    NOBODY,
    NOT_YOURS,
    UNLISTED,
    Access,
)
from bot.core.people import Person
from bot.core.scan import Scan, Source, State
from bot.errors import NotAllowed, Unidentified
from tests.fakes import FakePeople

MEMBER, GUEST_HERE, STRANGER = Person(), Person(guest=True), Person(external=True)
GONE = Person(active=False)


def policy(**lists):
    people = FakePeople()
    people.known = {
        "UGUEST": GUEST_HERE,
        "USTRANGER": STRANGER,
        "UBOTH": Person(guest=True, external=True),
        "UGONE": GONE,
        "UWHO": Unidentified(),
    }
    return Access(people=people, **{name: frozenset(of) for name, of in lists.items()})


def letting(lists, **admit):
    return replace(policy(**lists), **admit)


async def said(policy, *args, **kwargs):
    """Return what is said to somebody; nothing where they are let in."""
    try:
        await policy.admit(*args, **kwargs)
    except NotAllowed as error:
        return error.user_message
    return None


def a_scan(**rest):
    about = {"number": 1, "state": State.RECEIVED, "source": Source.SLACK, "revision": 0}
    return Scan(**{**about, "created_at": 0.0, "updated_at": 0.0, "file_name": "shop.apk", **rest})


async def test_empty_lists_let_every_member_in_and_nobody_who_has_no_id():
    assert await said(policy(), "UANYBODY", "CANYWHERE") is None
    assert await said(policy(), "UANYBODY", None) is None
    assert await said(policy(), None, "C1", bot_id="BCI") is None
    assert await said(policy(), None, "C1") == NOBODY


@pytest.mark.parametrize(
    ("user", "bot_id", "admitted"),
    [
        ("UANA", None, True),
        ("UCI", "BCI", True),
        ("BCI", "BCI", True),
        ("UBEN", None, False),
        (None, None, False),
    ],
)
async def test_people_and_apps_are_listed_by_any_of_their_ids(user, bot_id, admitted):
    listed = policy(users={"UANA", "BCI"})

    assert (await said(listed, user, "C1", bot_id=bot_id) is None) == admitted


async def test_a_channel_that_is_not_listed_is_told_apart_from_a_person():
    listed = policy(channels={"C1"}, users={"UANA"})

    assert await said(listed, "UANA", "C1") is None
    assert await said(listed, "UANA", "C2") == ELSEWHERE
    assert await said(listed, "UANA", None) == ELSEWHERE
    assert await said(listed, "UBEN", "C1") == UNLISTED
    assert listed.people.asked == ["UANA"]  # Slack is not asked about whom a list keeps out


@pytest.mark.parametrize(
    ("user", "none", "guests", "external", "both"),
    [
        ("UANA", None, None, None, None),
        ("UGUEST", GUEST, None, GUEST, None),
        ("USTRANGER", EXTERNAL, EXTERNAL, None, None),
        ("UBOTH", EXTERNAL, EXTERNAL, GUEST, None),
        ("UGONE", NOBODY, NOBODY, NOBODY, NOBODY),
    ],
)
async def test_outsiders_are_let_in_by_their_setting_alone(user, none, guests, external, both):
    lists = {"users": {user}, "admins": {user}}  # neither list is a way in

    assert await said(policy(**lists), user, "C1") == none
    assert await said(letting(lists, guests=True), user, "C1") == guests
    assert await said(letting(lists, external=True), user, "C1") == external
    assert await said(letting(lists, guests=True, external=True), user, "C1") == both


async def test_nobody_is_let_in_while_slack_does_not_say_who_they_are():
    with pytest.raises(Unidentified):
        await policy().admit("UWHO", "C1")
    with pytest.raises(Unidentified):
        await letting({}, guests=True, external=True).admit("UWHO", "C1")


async def test_a_person_is_judged_by_who_they_are_whatever_app_they_use():
    assert await said(policy(users={"BCI"}), "USTRANGER", "C1", bot_id="BCI") == EXTERNAL


async def test_an_admin_need_not_be_listed_again_and_channels_hold_for_them_too():
    listed = policy(users={"UANA"}, admins={"UADA"}, channels={"C1"})

    assert await said(listed, "UADA", "C1") is None
    assert await said(listed, "UADA", "C2") == ELSEWHERE
    assert listed.may_admit("UADA", "C1")
    assert not listed.may_admit("UADA", "C2")
    assert not listed.may_admit("UBEN", "C1")


def test_without_admins_everybody_who_is_let_in_may_change_what_all_share():
    anyone = policy()

    anyone.admit_to_links("UBEN")
    anyone.admit_to_cancel("UBEN", a_scan(shared_by="UANA"))
    assert anyone.may_create_link(a_scan(shared_by="UANA"))
    assert anyone.is_admin(None)


def test_with_admins_links_are_theirs():
    guarded = policy(admins={"UADA"})

    guarded.admit_to_links("UADA")
    with pytest.raises(NotAllowed) as refused:
        guarded.admit_to_links("UBEN")
    assert refused.value.user_message == ADMINS_ONLY
    assert not guarded.is_admin(None)


@pytest.mark.parametrize(
    ("user", "may"), [("UADA", True), ("UANA", True), ("UBEN", True), ("UCLEO", False), ("", False)]
)
def test_with_admins_a_scan_is_taken_back_by_them_and_whose_it_is(user, may):
    scan, guarded = a_scan(shared_by="UANA", asked_by="UBEN"), policy(admins={"UADA"})

    if may:
        guarded.admit_to_cancel(user, scan)
    else:
        with pytest.raises(NotAllowed) as refused:
            guarded.admit_to_cancel(user, scan)
        assert refused.value.user_message == NOT_YOURS


def test_with_admins_a_link_is_learnt_from_them_and_from_the_command_line():
    guarded = policy(admins={"UADA"})

    assert guarded.may_create_link(a_scan(shared_by="UADA"))
    assert guarded.may_create_link(a_scan(shared_by="UANA", asked_by="UADA"))
    assert not guarded.may_create_link(a_scan(shared_by="UADA", asked_by="UANA"))
    assert not guarded.may_create_link(a_scan(shared_by="UANA"))
    assert guarded.may_create_link(a_scan(source=Source.SHELL))


def test_zscaler_is_looked_after_by_admins_by_name_alone():
    policy(admins=["UANA"]).admit_to_zscaler("UANA")

    with pytest.raises(NotAllowed) as refused:
        policy(admins=["UANA"]).admit_to_zscaler("UBEN")
    assert refused.value.user_message == NO_ZSCALER

    with pytest.raises(NotAllowed) as nobody:
        policy().admit_to_zscaler("UANA")
    assert nobody.value.user_message == NO_ADMINS
    assert "`APPSCAN_ADMINS`" in NO_ADMINS
