"""What ``/appscan urls`` answers."""

from collections.abc import Sequence
from typing import Final

from bot.features.hosts.lookup import UrlsTold
from bot.features.hosts.models import URL_LIMIT, UrlCategories
from bot.features.hosts.url_parser import NamedUrls
from bot.features.hosts.views import categories, host
from bot.slack.blocks import text
from bot.slack.blocks.elements import context, section
from bot.slack.blocks.lists import count, paragraphs
from bot.slack.blocks.message import Message, compose

_FEW: Final = 20
"""So many URLs are shown at length."""
_NAMED: Final = 5
"""How many words that are no URLs are told of, of each kind."""


def urls(told: UrlsTold) -> Message:
    """Tell the categories of the URLs that were asked for, and which of what was typed was not asked."""
    alerts = [each for each in told.said if each.is_alert]
    unknown = [each for each in told.said if each.is_unknown]
    rest = [each for each in told.said if not each.is_alert and not each.is_unknown]
    limit = 120 if len(told.said) <= _FEW else 60
    lines = [_line(each, limit) for each in (*alerts, *unknown, *rest)]
    return compose(
        [
            *(section(each) for each in paragraphs(lines)),
            section(_problem(told)) if told.problem else None,
            section("\n".join(skipped)) if (skipped := _skipped(told.named)) else None,
            context("As Zscaler told within the last day.") if told.said else None,
        ]
    )


def _line(each: UrlCategories, limit: int) -> str:
    alert = ":rotating_light: *Security alert* · " if each.is_alert else ""
    return f"{alert}{host(each.url, limit)} · {categories(each)}"


def _problem(told: UrlsTold) -> str:
    missing = len(told.named.urls) - len(told.said)
    were = "was" if missing == 1 else "were"
    mark = ":no_entry:" if told.is_refused else ":warning:"
    return f"{mark} {count(missing, 'URL')} {were} not looked up: {text.sentence(told.problem or '', 500)}"


def _skipped(named: NamedUrls) -> list[str]:
    lines = []
    if named.too_long:
        lines.append(f"Over {URL_LIMIT:,} characters, so not asked: {_listed(named.too_long)}")
    if named.no_urls:
        lines.append(f"No URL or host, so not asked: {_listed(named.no_urls)}")
    if named.left_out:
        were = "was" if named.left_out == 1 else "were"
        lines.append(f"{count(named.left_out, 'URL')} more {were} not asked: name 100 at once at most.")
    return lines


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(text.code(word, 64) for word in words[:_NAMED])
    return f"{shown} and {len(words) - _NAMED:,} more" if len(words) > _NAMED else shown
