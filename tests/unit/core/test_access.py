"""Who is let in, where, and for what."""

from dataclasses import replace

import pytest

from bot.core.access import (
    CHANNEL_NOT_LISTED,
    EXTERNAL,
    GUEST,
    INACTIVE,
    LINKS_ADMINS_ONLY,
    NO_ADMINS,
    NOT_YOURS,
    USER_NOT_LISTED,
    ZSCALER_ADMINS_ONLY,
    Access,
)
from bot.core.people import Person
from bot.core.scan import Scan, Source, State
from bot.errors import NotAllowed, Unidentified
from tests.fakes import FakePeople, FakeWorkspace

MEMBER, GUEST_HERE, STRANGER = Person(), Person(guest=True), Person(external=True)
GONE = Person(active=False)


def access(**lists):
    people = FakePeople()
    people.known = {
        "UGUEST": GUEST_HERE,
        "USTRANGER": STRANGER,
        "UBOTH": Person(guest=True, external=True),
        "UGONE": GONE,
        "UWHO": Unidentified(),
    }
    return Access(
        people=people, workspace=FakeWorkspace(), **{name: frozenset(of) for name, of in lists.items()}
    )


def letting(lists, **admit):
    return replace(access(**lists), **admit)


async def said(guarded, *args, **kwargs):
    """Return what is said to somebody; nothing where they are let in."""
    try:
        await guarded.admit(*args, **kwargs)
    except NotAllowed as error:
        return error.user_message
    return None


def a_scan(**rest):
    about = {"number": 1, "state": State.RECEIVED, "source": Source.SLACK, "revision": 0}
    return Scan(**{**about, "created_at": 0.0, "updated_at": 0.0, "file_name": "shop.apk", **rest})


async def test_empty_lists_let_every_member_in_and_nobody_who_has_no_id():
    assert await said(access(), "UANYBODY", "CANYWHERE") is None
    assert await said(access(), "UANYBODY", None) is None
    assert await said(access(), None, "C1", bot_id="BCI") is None
    assert await said(access(), None, "C1") == INACTIVE


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
async def test_admit_accepts_any_id_of_a_listed_person_or_app(user, bot_id, admitted):
    listed = access(users={"UANA", "BCI"})

    assert (await said(listed, user, "C1", bot_id=bot_id) is None) == admitted


async def test_admit_distinguishes_an_unlisted_channel_from_an_unlisted_person():
    listed = access(channels={"C1"}, users={"UANA"})

    assert await said(listed, "UANA", "C1") is None
    assert await said(listed, "UANA", "C2") == CHANNEL_NOT_LISTED
    assert await said(listed, "UANA", None) == CHANNEL_NOT_LISTED
    assert await said(listed, "UBEN", "C1") == USER_NOT_LISTED
    assert listed.people.asked == ["UANA"]  # Slack is not asked about people who are not listed


@pytest.mark.parametrize(
    ("user", "none", "guests", "external", "both"),
    [
        ("UANA", None, None, None, None),
        ("UGUEST", GUEST, None, GUEST, None),
        ("USTRANGER", EXTERNAL, EXTERNAL, None, None),
        ("UBOTH", EXTERNAL, EXTERNAL, GUEST, None),
        ("UGONE", INACTIVE, INACTIVE, INACTIVE, INACTIVE),
    ],
)
async def test_admit_lets_outsiders_in_by_their_setting_alone(user, none, guests, external, both):
    lists = {"users": {user}, "admins": {user}}  # neither list is a way in

    assert await said(access(**lists), user, "C1") == none
    assert await said(letting(lists, guests=True), user, "C1") == guests
    assert await said(letting(lists, external=True), user, "C1") == external
    assert await said(letting(lists, guests=True, external=True), user, "C1") == both


async def test_admit_raises_while_slack_does_not_identify_the_person():
    with pytest.raises(Unidentified):
        await access().admit("UWHO", "C1")
    with pytest.raises(Unidentified):
        await letting({}, guests=True, external=True).admit("UWHO", "C1")


async def test_a_person_is_judged_by_who_they_are_whatever_app_they_use():
    assert await said(access(users={"BCI"}), "USTRANGER", "C1", bot_id="BCI") == EXTERNAL


async def test_an_admin_need_not_be_listed_again_and_channels_hold_for_them_too():
    listed = access(users={"UANA"}, admins={"UADA"}, channels={"C1"})

    assert await said(listed, "UADA", "C1") is None
    assert await said(listed, "UADA", "C2") == CHANNEL_NOT_LISTED
    assert listed.may_admit("UADA", "C1")
    assert not listed.may_admit("UADA", "C2")
    assert not listed.may_admit("UBEN", "C1")


def test_empty_admin_list_makes_everyone_an_admin():
    anyone = access()

    anyone.admit_to_links("UBEN")
    anyone.admit_to_cancel("UBEN", a_scan(shared_by="UANA"))
    assert anyone.may_create_link(a_scan(shared_by="UANA"))
    assert anyone.is_admin(None)


def test_with_admins_links_are_theirs():
    guarded = access(admins={"UADA"})

    guarded.admit_to_links("UADA")
    with pytest.raises(NotAllowed) as refused:
        guarded.admit_to_links("UBEN")
    assert refused.value.user_message == LINKS_ADMINS_ONLY
    assert not guarded.is_admin(None)


@pytest.mark.parametrize(
    ("user", "may"), [("UADA", True), ("UANA", True), ("UBEN", True), ("UCLEO", False), ("", False)]
)
def test_admit_to_cancel_accepts_admins_and_the_owners_of_a_scan(user, may):
    scan, guarded = a_scan(shared_by="UANA", asked_by="UBEN"), access(admins={"UADA"})

    if may:
        guarded.admit_to_cancel(user, scan)
    else:
        with pytest.raises(NotAllowed) as refused:
            guarded.admit_to_cancel(user, scan)
        assert refused.value.user_message == NOT_YOURS


def test_with_admins_a_link_is_learnt_from_them_and_from_the_command_line():
    guarded = access(admins={"UADA"})

    assert guarded.may_create_link(a_scan(shared_by="UADA"))
    assert guarded.may_create_link(a_scan(shared_by="UANA", asked_by="UADA"))
    assert not guarded.may_create_link(a_scan(shared_by="UADA", asked_by="UANA"))
    assert not guarded.may_create_link(a_scan(shared_by="UANA"))
    assert guarded.may_create_link(a_scan(source=Source.SHELL))


def test_admit_to_zscaler_accepts_only_listed_admins():
    access(admins=["UANA"]).admit_to_zscaler("UANA")

    with pytest.raises(NotAllowed) as refused:
        access(admins=["UANA"]).admit_to_zscaler("UBEN")
    assert refused.value.user_message == ZSCALER_ADMINS_ONLY

    with pytest.raises(NotAllowed) as nobody:
        access().admit_to_zscaler("UANA")
    assert nobody.value.user_message == NO_ADMINS
    assert "`APPSCAN_ADMINS`" in NO_ADMINS
