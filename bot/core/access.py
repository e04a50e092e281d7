"""Who may use the bot, where, and for what."""

from dataclasses import dataclass

from bot.core.people import Person, Viewer
from bot.core.ports import People, Workspace
from bot.core.scan import Scan, Source
from bot.errors import NotAllowed

UNLISTED = (
    "Sorry, you are not on the list of people who may use appscan here. "
    "Whoever runs the bot can add your user ID to `APPSCAN_USERS`."
)
ELSEWHERE = (
    "Sorry, appscan is not switched on for this channel. "
    "Whoever runs the bot can add its ID to `APPSCAN_CHANNELS`."
)
NOBODY = "Sorry, Slack does not say that yours is an active account, so appscan takes nothing from it."
GUEST = "Sorry, appscan is not open to guests here. Ask a full member of the workspace to share the build."
EXTERNAL = (
    "Sorry, appscan is open only to people of the organisation that runs it. "
    "Ask one of them to share the build."
)
ADMINS_ONLY = (
    "Only appscan's admins change which app a bundle identifier is linked to. Ask one of them, "
    "or whoever runs the bot: they are listed in `APPSCAN_ADMINS`."
)
NO_ACKNOWLEDGING = (
    "Only appscan's admins acknowledge a breach of the policy. Ask one of them, or whoever runs the bot: "
    "they are listed in `APPSCAN_ADMINS`."
)
NO_ADMINS = (
    "Nobody may look after Zscaler from here, as this bot has no admins by name. Whoever runs it can add "
    "user IDs to `APPSCAN_ADMINS`."
)
NO_ZSCALER = (
    "Only appscan's admins look after Zscaler from here. Ask one of them, or whoever runs the bot: "
    "they are listed in `APPSCAN_ADMINS`."
)
NOT_YOURS = (
    "Only whoever shared this build or asked for its scan can take it back, or one of appscan's admins: "
    "they are listed in `APPSCAN_ADMINS`."
)


@dataclass(frozen=True, kw_only=True)
class Access:
    """The allow-lists, and what they leave open; an empty list lets everybody in.

    Lists are asked before Slack is, so nothing is asked about people whom a list keeps out.
    """

    people: People
    channels: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    """IDs of people, and of apps by their user or bot ID; admins need not be named again."""
    admins: frozenset[str] = frozenset()
    """User IDs of those who change what all share; empty: all who are admitted."""
    guests: bool = False
    """Whether guests are let in."""
    external: bool = False
    """Whether people and apps of other organisations are let in."""

    def may_admit(self, user: str | None, channel: str) -> bool:
        """Tell whether they could be let pass, while it is not known who they are."""
        listed = self.users | self.admins
        unlisted = self.users and user not in listed and not any(each[:1] == "B" for each in self.users)
        return not unlisted and (not self.channels or channel in self.channels)

    async def admit(self, user: str | None, channel: str | None, *, bot_id: str | None = None) -> Person:
        """Let them pass, and return who they are; an app may be listed by its user ID or its bot ID.

        Raises:
            NotAllowed: a list says no, or they are a guest or of another organisation.
            Unidentified: Slack does not say who they are; nobody is let in unknown.
        """
        if self.users and (self.users | self.admins).isdisjoint({user, bot_id}):
            raise NotAllowed(UNLISTED)
        if self.channels and channel not in self.channels:
            raise NotAllowed(ELSEWHERE)
        who = user or bot_id
        person = await self.people.person(who) if who else Person(active=False)
        if not person.active:
            raise NotAllowed(NOBODY)
        if person.external and not self.external:
            raise NotAllowed(EXTERNAL)
        if person.guest and not self.guests:
            raise NotAllowed(GUEST)
        return person

    def is_admin(self, user: str | None) -> bool:
        """Tell whether somebody who was admitted may change what all share."""
        return not self.admins or user in self.admins

    def admit_to_links(self, user: str) -> None:
        """Let somebody who was admitted change links.

        Raises:
            NotAllowed: they are no admin.
        """
        if not self.is_admin(user):
            raise NotAllowed(ADMINS_ONLY)

    def admit_to_breaches(self, user: str) -> None:
        """Let somebody who was admitted acknowledge a breach of the policy.

        Raises:
            NotAllowed: they are no admin.
        """
        if not self.is_admin(user):
            raise NotAllowed(NO_ACKNOWLEDGING)

    def admit_to_zscaler(self, user: str) -> None:
        """Let somebody who was admitted look after Zscaler: an admin by name, unlike elsewhere.

        Raises:
            NotAllowed: they are none; without a list of admins, nobody is.
        """
        if user not in self.admins:
            raise NotAllowed(NO_ZSCALER if self.admins else NO_ADMINS)

    def admit_to_cancel(self, user: str, scan: Scan) -> None:
        """Let somebody who was admitted take a scan back.

        Raises:
            NotAllowed: it is not theirs, and they are no admin.
        """
        if user not in {scan.shared_by, scan.asked_by} and not self.is_admin(user):
            raise NotAllowed(NOT_YOURS)

    def may_create_link(self, scan: Scan) -> bool:
        """Tell whether the app ID that a scan was asked for may become its build's link."""
        return scan.source is Source.SHELL or self.is_admin(scan.asked_by or scan.shared_by)


async def viewer_of(workspace: Workspace, user: str, person: Person, channel: str) -> Viewer:
    """Return who is asking; whoever asks in a conversation is in it."""
    member = not person.outsider
    where = workspace.private_channels if member else workspace.channels
    return Viewer(user=user, channels=await where(user) | {channel}, member=member)
