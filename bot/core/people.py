"""Who a person is to Slack, and which scans they may see."""

from dataclasses import dataclass
from datetime import UTC, tzinfo


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody, or an app, as Slack knows them."""

    active: bool = True
    """False for an account that is deactivated, or that Slack does not know."""
    guest: bool = False
    """A guest of the workspace, in one channel or in several."""
    external: bool = False
    """Of another organisation, as in Slack Connect."""
    timezone: tzinfo = UTC

    @property
    def outsider(self) -> bool:
        """Whether they see only the conversations that they are in, public channels too."""
        return self.guest or self.external


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who is asking to see scans, and what they may see."""

    user: str
    channels: frozenset[str] = frozenset()
    """Private channels and group messages that they are in; of an outsider, the public channels too."""
    member: bool = True
    """False for an outsider, who sees no public channel but those in ``channels``."""
