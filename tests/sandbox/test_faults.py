"""Rules of faults: where they hold, how often, and what they hold up."""

import asyncio

import pytest

from sandbox.faults import Faults, points

POINTS = (
    *points(["event.message", "event.file_shared"], "drop", "hold"),
    *points(["token", "command"], "status", "drop"),
    *points(["download"], "hold"),
)


def test_rules_are_used_up_in_order():
    faults = Faults(POINTS)
    faults.add("token", status=500, times=2)
    faults.add("token", status=401)
    taken = [faults.take("token") for _ in range(4)]
    assert [fault and fault.status for fault in taken] == [500, 500, 401, None]


def test_patterns_and_facts_say_where():
    faults = Faults(POINTS)
    faults.add("event.*", drop=True, where={"subtype": "file_share"}, times=None)
    assert faults.take("command") is None
    assert faults.take("event.message", {"subtype": ""}) is None
    for _ in range(3):
        assert faults.take("event.message", {"subtype": "file_share", "user": "U1"}).drop


def test_a_field_that_is_not_there_is_refused():
    with pytest.raises(TypeError, match="stauts at token: it looks at drop, status"):
        Faults(POINTS).add("token", stauts=500)


def test_a_field_that_means_nothing_at_the_point_is_refused():
    faults = Faults(POINTS)
    with pytest.raises(TypeError, match="answer_lost at event"):
        faults.add("event.*", answer_lost=True)
    with pytest.raises(TypeError, match="hold at command"):
        faults.add("command", hold=True)
    faults.add("*", status=500)
    assert faults.take("token").status == 500


@pytest.mark.parametrize("name", ["tokne", "event.mesage", "events.*", ""])
def test_a_point_that_is_not_there_is_refused_and_those_that_are_there_are_named(name):
    with pytest.raises(LookupError, match=r"there are command, download, event\.file_shared, event"):
        Faults(POINTS).add(name, drop=True)


def test_a_stand_in_may_not_ask_for_a_point_that_it_has_not_declared():
    with pytest.raises(LookupError, match="upload is not declared"):
        Faults(POINTS).take("upload")


async def test_a_gate_holds_until_it_is_released():
    faults = Faults(POINTS)
    rule = faults.add("download", hold=True)
    fault = faults.take("download")
    held = asyncio.ensure_future(fault.hold())
    await rule.reached()
    assert fault.gate.is_reached
    assert not held.done()
    faults.rule(rule.number).release()
    await held


async def test_clearing_lets_everybody_go_and_tells():
    told = []
    faults = Faults(POINTS, lambda: told.append(1))
    rule = faults.add("download", hold=True, times=None)
    held = asyncio.ensure_future(faults.take("download").hold())
    await rule.reached()
    faults.clear()
    await held
    assert faults.take("download") is None
    assert (rule.used, len(told)) == (1, 3)
    with pytest.raises(KeyError):
        faults.rule(9)
