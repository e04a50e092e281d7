"""What this make-believe tenant holds: a test, or a person over the control API, sets it at any time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from sandbox.front import Refusal

ActivationStatus = Literal["ACTIVE", "PENDING", "INPROGRESS"]

UNKNOWN_CATEGORY = "MISCELLANEOUS_OR_UNKNOWN"
"""What a host has that nobody has put into a category."""


@dataclass(kw_only=True)
class World:
    """The tenant's state."""

    categories: dict[str, tuple[Sequence[str], Sequence[str]]] = field(default_factory=dict)
    """By host name: its classifications, and those with a security alert."""
    activation: ActivationStatus = "ACTIVE"
    """``PENDING`` where somebody has saved changes that aren't active yet."""
    in_maintenance: bool = False
    """Whether the cloud service is in read-only mode: everything but GET is refused."""
    known_bad: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By MD5 in small letters: the name and the type of the virus that the file is known to be."""
    covered: set[str] = field(default_factory=lambda: {"apk"})
    """The file types for which the tenant has a Sandbox rule."""
    governance_allowed: bool = True
    """Whether the key of the governance API may read; 403 if not."""

    def check_writable(self) -> None:
        """Let pass what would change something.

        Raises:
            Refusal: the service is in maintenance.
        """
        if self.in_maintenance:
            why = "The API service is undergoing a scheduled upgrade and is in read-only mode."
            answer = {"code": "STATE_READONLY", "message": why}
            raise Refusal(403, why, {"x-zscaler-mode": "read-only"}, answer=answer)

    def activate(self) -> ActivationStatus:
        """Make what was saved active; return the status before."""
        before, self.activation = self.activation, "ACTIVE"
        return before

    def classify(self, url: str) -> dict[str, object]:
        """Return what the tenant's categories say about a URL, by its host."""
        classifications, alerts = self.categories.get(host_of(url), ((UNKNOWN_CATEGORY,), ()))
        return {
            "url": url,
            "urlClassifications": list(classifications),
            "urlClassificationsWithSecurityAlert": list(alerts),
        }


def host_of(url: str) -> str:
    """Return the host of a URL with a scheme or without, in small letters; empty where it has none."""
    try:
        return urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""
