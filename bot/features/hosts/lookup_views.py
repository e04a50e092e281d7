"""The answer to ``/appscan urls``."""

from collections.abc import Sequence
from typing import Final

from bot.features.hosts.lookup import UrlAnswer
from bot.features.hosts.models import BATCH, URL_LIMIT
from bot.features.hosts.url_parser import NamedUrls
from bot.features.hosts.views import NAMED, labelled
from bot.slack.blocks import text
from bot.slack.blocks.elements import context, section
from bot.slack.blocks.lists import count, listed, paragraphs
from bot.slack.blocks.message import Message, compose

_FEW: Final = 20
"""Up to this many URLs are shown in full."""


def urls(answer: UrlAnswer) -> Message:
    """Show the categories of URLs, and which of the words that were typed were not looked up."""
    found = sorted(answer.found, key=lambda each: each.urgency)
    limit = 120 if len(found) <= _FEW else 60
    return compose(
        [
            *(section(each) for each in paragraphs(labelled(each, limit) for each in found)),
            section(_problem(answer)) if answer.problem else None,
            section("\n".join(skipped)) if (skipped := _skipped(answer.named)) else None,
            context("From Zscaler, within the last day.") if found else None,
        ]
    )


def _problem(answer: UrlAnswer) -> str:
    missing = len(answer.named.urls) - len(answer.found)
    mark = ":no_entry:" if answer.is_refused else ":warning:"
    return f"{mark} {_were(missing, 'URL')} not looked up: {text.sentence(answer.problem or '', 500)}"


def _skipped(named: NamedUrls) -> list[str]:
    words = {f"Over {URL_LIMIT:,} characters": named.too_long, "Not a URL or host": named.invalid}
    lines = [f"{why}, so not looked up: {_listed(which)}" for why, which in words.items() if which]
    if named.left_out:
        lines.append(f"{_were(named.left_out, 'more URL')} not looked up: name at most {BATCH} at once.")
    return lines


def _were(number: int, what: str) -> str:
    return f"{count(number, what)} {'was' if number == 1 else 'were'}"


def _listed(words: Sequence[str]) -> str:
    return listed(words, lambda word: text.code(word, 64), NAMED)
