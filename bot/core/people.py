"""People as Slack describes them, and as viewers of scans."""

from dataclasses import dataclass
from datetime import UTC, tzinfo


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person or an app, as Slack describes them."""

    active: bool = True
    """False for a deactivated or unknown account."""
    guest: bool = False
    """A single- or multi-channel guest of the workspace."""
    external: bool = False
    """From another organisation, through Slack Connect."""
    timezone: tzinfo = UTC

    @property
    def outsider(self) -> bool:
        """Whether they see only conversations that they are a member of; true even for public channels."""
        return self.guest or self.external


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """A person who asks to see scans, and the conversations whose scans they may see."""

    user: str
    channels: frozenset[str] = frozenset()
    """Their private channels and group messages; for an outsider, their public channels too."""
    member: bool = True
    """Whether they see every public channel; false for an outsider."""
    timezone: tzinfo = UTC
