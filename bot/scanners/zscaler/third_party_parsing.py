"""Parsing a third-party app: whatever comes in, a record comes out, or nothing.

Fields that are missing, null or of a wrong type are left out. Strings are cleaned and cut, lists are cut and
the rest counted, impossible numbers are dropped, and unpublished words become ``OTHER``.

Source: https://help.zscaler.com/zia/getting-started-zia-api (the example of a response)
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from bot.features.third_party_apps.models import ENTRIES, WORDS, AppPermission, AppRisk, Level, ThirdPartyApp
from bot.scanners.http.json_fields import count, items, member, number, printable, record, text, unique

NAME_LIMIT: Final = 200
TEXT_LIMIT: Final = 1000
URL_LIMIT: Final = 1000
"""Characters; longer texts are cut."""
MAX_ENTRIES: Final = 1000
"""Entries of one list that are parsed; ``ENTRIES`` of them are kept, the worst first."""
MAX_NUMBER: Final = 10**12
"""A higher number is dropped."""

T = TypeVar("T", AppPermission, AppRisk)

_NO_RISK: Final = frozenset({"info", "none"})


def third_party_app(value: object) -> ThirdPartyApp | None:
    """Parse an app; ``None`` without a name and an ID."""
    app = record(value)
    name, client_id = _text(app.get("name"), NAME_LIMIT), _text(app.get("clientId"), NAME_LIMIT)
    if name is None and client_id is None:
        return None
    publisher, market = record(value, "publisher"), record(value, "marketplaceData")
    permissions, more_permissions = _worst(app.get("permissions"), _permission, lambda each: each.level)
    risks, more_risks = _worst(app.get("risks"), _risk, lambda each: each.severity)
    verified = app.get("platformVerified")
    sites = [publisher.get("siteUrl"), *items(app.get("websiteUrls"), MAX_ENTRIES)]
    return ThirdPartyApp(
        name=name,
        publisher=_text(publisher.get("name"), NAME_LIMIT),
        platform=_text(app.get("platform"), NAME_LIMIT),
        description=_text(app.get("description"), TEXT_LIMIT),
        risk=_level(app.get("risk")),
        risk_score=number(app.get("riskScore"), MAX_NUMBER),
        permission_level=number(app.get("permissionLevel"), MAX_NUMBER),
        permissions=permissions,
        permissions_left_out=more_permissions,
        risks=risks,
        risks_left_out=more_risks,
        compliance=_words(items(app.get("compliance"), MAX_ENTRIES), NAME_LIMIT),
        stars=number(market.get("stars"), MAX_NUMBER),
        downloads=count(market.get("downloads"), MAX_NUMBER),
        reviews=count(market.get("reviews"), MAX_NUMBER),
        categories=_words(items(app.get("categories"), MAX_ENTRIES), NAME_LIMIT),
        tags=_words(items(app.get("tags"), MAX_ENTRIES), NAME_LIMIT),
        platform_verified=verified if isinstance(verified, bool) else None,
        client_id=client_id,
        website_urls=_words(sites, URL_LIMIT),
        privacy_url=_text(app.get("privacyPolicyUrl"), URL_LIMIT),
        terms_url=_text(app.get("termsOfServiceUrl"), URL_LIMIT),
        marketplace_url=_text(app.get("marketplaceUrl"), URL_LIMIT),
        developer_email=_text(app.get("developerEmail"), NAME_LIMIT),
        support_email=_text(app.get("supportEmail"), NAME_LIMIT),
    )


def _permission(value: object) -> AppPermission | None:
    fields = record(value)
    scope = _text(fields.get("scope"), NAME_LIMIT)
    if scope is None:
        return None
    return AppPermission(
        scope=scope,
        service=_text(fields.get("service"), NAME_LIMIT),
        description=_text(fields.get("description"), TEXT_LIMIT),
        access_type=_text(fields.get("accessType"), NAME_LIMIT),
        level=_level(fields.get("level")),
    )


def _risk(value: object) -> AppRisk | None:
    fields = record(value)
    name = _text(fields.get("name"), NAME_LIMIT)
    if name is None:
        return None
    return AppRisk(
        name=name,
        category=_text(fields.get("category"), NAME_LIMIT),
        severity=_level(fields.get("severity")),
        description=_text(fields.get("summary"), TEXT_LIMIT) or _text(fields.get("description"), TEXT_LIMIT),
        evidence=_text(fields.get("evidence"), TEXT_LIMIT),
    )


def _worst(
    value: object, parse: Callable[[object], T | None], level: Callable[[T], Level | None]
) -> tuple[tuple[T, ...], int]:
    """Parse a list, the worst first; return the entries that are kept, and how many more there are."""
    found = [each for each in map(parse, items(value, MAX_ENTRIES)) if each is not None]
    unread = max(0, len(value) - MAX_ENTRIES) if isinstance(value, list) else 0
    found.sort(key=lambda each: (level(each) or Level.OTHER).rank)
    return tuple(found[:ENTRIES]), max(0, len(found) - ENTRIES) + unread


def _text(value: object, limit: int) -> str | None:
    """Return a printable line; a whole number counts as one, as an ID may be written so."""
    return printable(text(value, limit), limit)


def _words(values: Iterable[object], limit: int) -> tuple[str, ...]:
    """Return strings, each once; of an object its name."""
    named = (value.get("name") if isinstance(value, Mapping) else value for value in values)
    return tuple(unique(_text(value, limit) for value in named))[:WORDS]


def _level(value: object) -> Level | None:
    if not isinstance(value, str) or not value.strip():
        return None
    return Level.INFO if value.strip().lower() in _NO_RISK else member(Level, value, Level.OTHER)
