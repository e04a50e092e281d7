"""Who somebody is, as far as it bears on what they may do."""

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
