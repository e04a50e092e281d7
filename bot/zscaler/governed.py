"""What an answer about a third-party app holds, read with care: whatever comes, a record comes of it.

What is missing, null or of a wrong type is left out; texts are cleaned and cut, lists are cut and the rest
counted, numbers that make no sense are dropped, words that were not published become ``OTHER``.

Source: https://help.zscaler.com/zia/getting-started-zia-api (the example of a response)
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from bot.scans.governance import ENTRIES, WORDS, AppPermission, AppRisk, Level, ThirdPartyApp
from bot.zscaler.found import text

NAME_LIMIT: Final = 200
TEXT_LIMIT: Final = 1000
URL_LIMIT: Final = 1000
"""Characters; longer texts are cut."""
READ: Final = 1000
"""Entries of one list that are looked at; of what is kept the worst come first."""
MOST: Final = 10**12
"""A higher number is none."""

T = TypeVar("T", AppPermission, AppRisk)

_LEVELS: Final = {level.value: level for level in Level} | {"info": Level.INFO, "none": Level.INFO}


def third_party_app(value: object) -> ThirdPartyApp | None:
    """Read an app; ``None`` where nothing says which app it is."""
    record = _record(value)
    name, client_id = _text(record.get("name"), NAME_LIMIT), _text(record.get("clientId"), NAME_LIMIT)
    if name is None and client_id is None:
        return None
    publisher, market = _record(record.get("publisher")), _record(record.get("marketplaceData"))
    permissions, more_permissions = _worst(record.get("permissions"), _permission, lambda each: each.level)
    risks, more_risks = _worst(record.get("risks"), _risk, lambda each: each.severity)
    verified = record.get("platformVerified")
    sites = [publisher.get("siteUrl"), *_items(record.get("websiteUrls"))]
    return ThirdPartyApp(
        name=name,
        publisher=_text(publisher.get("name"), NAME_LIMIT),
        platform=_text(record.get("platform"), NAME_LIMIT),
        description=_text(record.get("description"), TEXT_LIMIT),
        risk=_level(record.get("risk")),
        risk_score=_number(record.get("riskScore")),
        permission_level=_number(record.get("permissionLevel")),
        permissions=permissions,
        permissions_left_out=more_permissions,
        risks=risks,
        risks_left_out=more_risks,
        compliance=_words(_items(record.get("compliance")), NAME_LIMIT),
        stars=_number(market.get("stars")),
        downloads=_count(market.get("downloads")),
        reviews=_count(market.get("reviews")),
        categories=_words(_items(record.get("categories")), NAME_LIMIT),
        tags=_words(_items(record.get("tags")), NAME_LIMIT),
        platform_verified=verified if isinstance(verified, bool) else None,
        client_id=client_id,
        website_urls=_words(sites, URL_LIMIT),
        privacy_url=_text(record.get("privacyPolicyUrl"), URL_LIMIT),
        terms_url=_text(record.get("termsOfServiceUrl"), URL_LIMIT),
        marketplace_url=_text(record.get("marketplaceUrl"), URL_LIMIT),
        developer_email=_text(record.get("developerEmail"), NAME_LIMIT),
        support_email=_text(record.get("supportEmail"), NAME_LIMIT),
    )


def remaining(value: str | None) -> int | None:
    """Read ``X-Rate-Limit-Remaining``; ``None`` where it holds no count."""
    word = (value or "").strip()
    return int(word) if re.fullmatch(r"[0-9]{1,9}", word) else None


def _permission(value: object) -> AppPermission | None:
    record = _record(value)
    scope = _text(record.get("scope"), NAME_LIMIT)
    if scope is None:
        return None
    return AppPermission(
        scope=scope,
        service=_text(record.get("service"), NAME_LIMIT),
        description=_text(record.get("description"), TEXT_LIMIT),
        access_type=_text(record.get("accessType"), NAME_LIMIT),
        level=_level(record.get("level")),
    )


def _risk(value: object) -> AppRisk | None:
    record = _record(value)
    name = _text(record.get("name"), NAME_LIMIT)
    if name is None:
        return None
    return AppRisk(
        name=name,
        category=_text(record.get("category"), NAME_LIMIT),
        severity=_level(record.get("severity")),
        description=_text(record.get("summary"), TEXT_LIMIT) or _text(record.get("description"), TEXT_LIMIT),
        evidence=_text(record.get("evidence"), TEXT_LIMIT),
    )


def _worst(
    value: object, read: Callable[[object], T | None], level: Callable[[T], Level | None]
) -> tuple[tuple[T, ...], int]:
    """Read a list and put the worst first; return what is kept, and how many more there are."""
    items = value if isinstance(value, list) else []
    found = [each for each in map(read, items[:READ]) if each is not None]
    found.sort(key=lambda each: (level(each) or Level.OTHER).rank)
    return tuple(found[:ENTRIES]), max(0, len(found) - ENTRIES) + max(0, len(items) - READ)


def _text(value: object, limit: int) -> str | None:
    """Return a text in one line, cut; a whole number counts as one, as IDs may be written so."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 128
    return text(str(value) if is_number else value, limit)


def _words(values: Iterable[object], limit: int) -> tuple[str, ...]:
    """Return texts, each once; of a record its name."""
    found: dict[str, None] = {}
    for value in values:
        word = _text(value.get("name") if isinstance(value, Mapping) else value, limit)
        if word is not None and len(found) < WORDS:
            found[word] = None
    return tuple(found)


def _level(value: object) -> Level | None:
    word = value.strip().lower() if isinstance(value, str) else ""
    return _LEVELS.get(word, Level.OTHER) if word else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= MOST and math.isfinite(value) else None


def _count(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None


def _record(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _items(value: object) -> list[object]:
    return value[:READ] if isinstance(value, list) else []
