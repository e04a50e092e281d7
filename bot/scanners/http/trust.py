"""Recognizing an untrusted certificate, after which a retry is pointless."""

import ssl
from collections.abc import Iterator

import aiohttp


def why_not_trusted(exc: BaseException) -> str | None:
    """Return OpenSSL's reason if an error comes from an untrusted certificate."""
    for each in _chain(exc):
        # aiohttp's own error is a subclass as well, but has no reason.
        if isinstance(each, ssl.SSLCertVerificationError) and not isinstance(each, aiohttp.ClientError):
            return each.verify_message
    return None


def _chain(exc: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = exc
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
