"""How a client of OAuth 2.0 says who it is in a header.

Source: RFC 6749, section 2.3.1.
"""

import base64
import binascii
from urllib.parse import unquote_plus


def read_basic(authorization: str) -> tuple[str, str] | None:
    """Return the client ID and secret of an ``Authorization`` header; ``None`` where it holds none."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    client_id, colon, client_secret = pair.partition(":")
    return (unquote_plus(client_id), unquote_plus(client_secret)) if colon else None
