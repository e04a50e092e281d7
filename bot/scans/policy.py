"""Who may use the bot, and where."""

from dataclasses import dataclass

from bot.errors import NotAllowed


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The allow-lists; an empty one lets everybody in."""

    channels: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    """IDs of people, and of bots by their user or bot ID."""

    def may_admit(self, user: str | None, channel: str) -> bool:
        """Tell whether they could be let pass, while an app's bot ID is not known yet."""
        unlisted = self.users and user not in self.users and not any(each[:1] == "B" for each in self.users)
        return not unlisted and (not self.channels or channel in self.channels)

    def admit(self, user: str | None, channel: str | None, *, bot_id: str | None = None) -> None:
        """Let them pass; an app may be listed by its user ID or its bot ID.

        Raises:
            NotAllowed: a list says no.
        """
        if self.users and self.users.isdisjoint({user, bot_id}):
            raise NotAllowed(
                "Sorry, you are not on the list of people who may use appscan here. "
                "Whoever runs the bot can add your user ID to `APPSCAN_USERS`."
            )
        if self.channels and channel not in self.channels:
            raise NotAllowed(
                "Sorry, appscan is not switched on for this channel. "
                "Whoever runs the bot can add its ID to `APPSCAN_CHANNELS`."
            )
