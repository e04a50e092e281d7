"""Every view there is, full of attacks, as Slack takes it and as a person reads it: none comes through."""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

import bot
from bot.core.scan import Platform, Question, State
from bot.features.history import views as history
from bot.features.hosts.models import HostChanges, HostsState, ScanHosts, UrlCategories
from bot.slack.blocks import message, short_answers
from bot.slack.blocks.message import Message
from bot.slack.blocks.paged_modal import PagedModal
from bot.slack.blocks.scan_text import MARKS
from sandbox.reading import Reader
from sandbox.slack.blockkit import check_blocks, check_view
from sandbox.world import User, World
from tests.unit.features import samples
from tests.unit.features.attacked import ATTACKS, sample

VIEWS = re.compile(r"bot\.(features\..+(views|modals)|slack\.(blocks\..+|listening\.help_views))")
"""The modules whose public functions that return a ``Message``, or are named ``…_modal``, are views."""
MADE_SAFE_BY_OTHERS = {message.compose, short_answers.prepared}
"""They put together what the views have made safe."""


def views() -> Iterator[Callable[..., Any]]:
    """Give every view."""
    for module in walk_packages(bot.__path__, "bot."):
        if VIEWS.fullmatch(module.name):
            for name, made in inspect.getmembers(import_module(module.name), inspect.isfunction):
                shows = inspect.signature(made).return_annotation is Message or name.endswith("_modal")
                if made.__module__ == module.name and name[0] != "_" and shows:
                    yield made


@cache
def drawn(view: Callable[..., Any]) -> st.SearchStrategy[Any]:
    """Return what draws views of all that may be given to it."""
    types = get_type_hints(view)
    arguments = {name: sample(types[name], name) for name in inspect.signature(view).parameters}
    for modal in vars(import_module(view.__module__)).values():
        if isinstance(modal, PagedModal) and "state" in arguments:
            arguments["state"] = st.builds(
                replace, arguments["state"], tab=st.sampled_from(modal.tabs or ("",))
            )
    return st.builds(view, **arguments)


class Repeatable(HypothesisProvider):
    """Draws the same whatever else is loaded: Hypothesis puts in constants of the modules that it finds."""

    def _maybe_draw_constant(self, *_: Any, **_named: Any) -> None:
        return None


AVAILABLE_PROVIDERS["repeatable"] = Repeatable
DRAWN = settings(
    derandomize=True,
    database=None,
    deadline=None,
    backend="repeatable",
    max_examples=5,
    phases=[Phase.generate],  # to shrink views takes minutes, and a timeout in it looks like a flaky strategy
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],  # says how busy the machine is
)

ALL_VIEWS = [view for view in views() if view not in MADE_SAFE_BY_OTHERS]

WORLD = World()
WORLD.users["U0EVIL"] = User(id="U0EVIL", name="pinged-person", real_name="Pinged")
_MARK = re.compile(r"<[^<>]*>")
_OURS = re.compile(
    r"<(?:@[UW][A-Z0-9]+|!subteam\^S0TEAM|#[CGD][A-Z0-9]+"
    r"|!date\^\d+\^\{date_short_pretty\} at \{time(?:_secs)?\}"
    r"\|[-:\d ]+ UTC|https://(?:ours\.slack\.com|log\.example)/[^<>|\s]*\|[^<>|\n]+)>"
)
_CODE = re.compile(r"`[^`\n]+`")
_EMOJI = re.compile(r":[\w+'-]+:")
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u3164\ud800-\udfff]"
)
BREACH_MARKS = (":rotating_light:", ":ballot_box_with_check:")
_OWN_EMOJI = {f":{name}:" for name in ("information_source", "no_entry", "warning", "white_check_mark")}
_OWN_EMOJI |= {":double_vertical_bar:", ":arrow_forward:", ":bar_chart:", *BREACH_MARKS, *MARKS.values()}


def texts(part: Any) -> Iterator[dict[str, Any]]:
    """Give every text object there is, however deep."""
    if isinstance(part, dict):
        if part.get("type") in {"mrkdwn", "plain_text"}:
            yield part
        for each in part.values():
            yield from texts(each)
    elif isinstance(part, list):
        for each in part:
            yield from texts(each)


def check_marked(marked: str) -> None:
    """Nothing in it is live but what this project put there."""
    assert all(_OURS.fullmatch(mark) for mark in _MARK.findall(marked)), ascii(marked)
    assert "U0EVIL" not in "".join(_MARK.findall(marked))
    rest = _OURS.sub("", marked)
    assert "<" not in rest, ascii(marked)
    assert ">" not in rest, ascii(marked)
    prose = [_CODE.sub("", line) for line in rest.split("\n")]
    assert all("`" not in line and "://" not in line for line in prose), ascii(marked)
    assert not any(line.lstrip().startswith("&gt;") for line in prose), ascii(marked)
    assert {each for line in prose for each in _EMOJI.findall(line)} <= _OWN_EMOJI, ascii(marked)
    read = Reader(WORLD).words(marked)
    assert "pinged-person" not in read, ascii(read)
    assert not _UNSEEN.search(read), ascii(read)


def check_any(shown: Message | dict[str, Any]) -> None:
    if isinstance(shown, Message):
        assert check_blocks(shown.blocks) == []
        assert 0 < len(shown.text) <= 4000
        check_marked(shown.text)
        blocks = shown.blocks
        assert "\n".join(Reader(WORLD).blocks(blocks)).strip()
    else:
        assert check_view(shown) == []
        blocks = [shown]
        kept = json.loads(shown.get("private_metadata") or "{}")
        assert set(kept) <= {
            "scan",
            "breach",
            "purpose",
            "channel",
            "tab",
            "page",
            "search",
            "look",
            "scanner",
        }
    json.dumps(blocks, ensure_ascii=False).encode()
    for each in texts(blocks):
        if each["type"] == "mrkdwn":
            assert each["verbatim"] is True
            check_marked(each["text"])
        else:
            assert each["emoji"] is False
            assert not _UNSEEN.search(each["text"]), ascii(each["text"])
            assert "\n" not in each["text"]


def test_views_are_found_and_one_without_a_sample_fails():
    assert {"reply", "found_modal", "overview"} <= {view.__name__ for view in ALL_VIEWS}

    def unknown(shape: complex) -> Message:
        raise NotImplementedError(shape)

    with pytest.raises(LookupError, match="what does shape look like"):
        drawn(unknown)


@pytest.mark.parametrize("view", ALL_VIEWS, ids=lambda view: f"{view.__module__}.{view.__name__}")
@given(data=st.data())
@DRAWN
def test_no_attack_comes_through_any_view(view: Callable[..., Any], data: st.DataObject):
    check_any(data.draw(drawn(view)))


@pytest.mark.parametrize("state", State)
def test_each_attack_in_every_place_of_a_reply(state: State):
    for attack in ATTACKS:
        of = {"bundle_id": attack, "platform": Platform.IOS, "app_id": attack}
        scan = replace(
            samples.NEW,
            state=state,
            **of,
            file_name=attack,
            name=attack,
            version=attack,
            build_number=attack,
            asked_app_id=attack,
            shared_by=attack,
            asked_by=attack,
            submission=replace(samples.TAKEN, request_id=attack),
        )
        link = replace(samples.LINK, **of)
        url = UrlCategories(url=attack, categories=(attack,), alerts=(attack,))
        talks = {
            "hosts": ScanHosts(scan=12, state=HostsState.KNOWN, hosts=(url, replace(url, alerts=()))),
            "hosts_before": replace(scan, version=f"{attack}1"),
            "host_changes": HostChanges(added=(url,), removed=(url,), recategorised=((url, url),)),
        }
        for question in Question if state is State.ASKING else (None,):
            card = samples.card(
                scan=replace(scan, question=question), original=scan, link=link, taken_by=(link,) * 5, **talks
            )
            check_any(samples.reply(card))
            check_any(history.status(card, [], link=None))
