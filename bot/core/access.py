"""Who may use the bot, where, and for what."""

from dataclasses import dataclass

from bot.core.people import Person, Viewer
from bot.core.ports import People, Workspace
from bot.core.scan import Scan, Source
from bot.errors import NotAllowed

USER_NOT_LISTED = (
    "Sorry, you are not on the list of people who may use appscan here. An admin of this bot can add you."
)
CHANNEL_NOT_LISTED = (
    "Sorry, appscan is not switched on for this channel. An admin of this bot can switch it on."
)
INACTIVE = "Sorry, appscan works only for active accounts, and Slack does not list yours as one."
GUEST = "Sorry, appscan is not open to guests here. Ask a full member of the workspace to share the build."
EXTERNAL = (
    "Sorry, appscan is open only to people of the organisation that runs it. "
    "Ask one of them to share the build."
)
LINKS_ADMINS_ONLY = (
    "Only appscan's admins change which app a bundle identifier is linked to. Ask one of them."
)
REVIEWS_ADMINS_ONLY = "Only appscan's admins acknowledge violations. Ask one of them."
ZSCALER_ADMINS_ONLY = "Only appscan's admins look after Zscaler from here. Ask one of them."
NO_ADMINS = (
    "Zscaler can't be managed from here, as this bot has no admins. "
    "They are listed by user ID in its setting `APPSCAN_ADMINS`."
)
NOT_YOURS = (
    "Only the person who shared this build or asked for its scan can cancel it, or one of appscan's admins."
)


@dataclass(frozen=True, kw_only=True)
class Access:
    """The allow-lists and the settings for guests and other organisations; an empty list admits everyone.

    The lists are checked before Slack is asked who a person is.
    """

    people: People
    workspace: Workspace
    channels: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    """IDs of people, and of apps by their user or bot ID; admins need not be listed here too."""
    admins: frozenset[str] = frozenset()
    """User IDs of those who may change what everyone shares; empty: everyone who is admitted."""
    guests: bool = False
    external: bool = False
    """Whether people and apps of other organisations are admitted."""

    def may_admit(self, user: str | None, channel: str) -> bool:
        """Tell whether the lists leave it open that ``admit`` succeeds; an app's bot ID isn't known here."""
        unlisted = self.users and user not in self.users | self.admins
        lists_bots = any(listed.startswith("B") for listed in self.users)
        return (not unlisted or lists_bots) and (not self.channels or channel in self.channels)

    async def admit(self, user: str | None, channel: str | None, *, bot_id: str | None = None) -> Person:
        """Return the person if they may use the bot; an app may be listed by its user ID or its bot ID.

        Raises:
            NotAllowed: not listed, or a guest or of another organisation.
            Unidentified: Slack does not say who they are.
        """
        if self.users and (self.users | self.admins).isdisjoint({user, bot_id}):
            raise NotAllowed(USER_NOT_LISTED)
        if self.channels and channel not in self.channels:
            raise NotAllowed(CHANNEL_NOT_LISTED)
        who = user or bot_id
        person = await self.people.person(who) if who else Person(active=False)
        if not person.active:
            raise NotAllowed(INACTIVE)
        if person.external and not self.external:
            raise NotAllowed(EXTERNAL)
        if person.guest and not self.guests:
            raise NotAllowed(GUEST)
        return person

    async def viewer(self, user: str, channel: str) -> Viewer:
        """Return the viewer who asks in ``channel``, and so is a member of it; raises as ``admit``."""
        person = await self.admit(user, channel)
        workspace = self.workspace
        channels_of = workspace.channels if person.outsider else workspace.private_channels
        channels = await channels_of(user) | {channel}
        return Viewer(user=user, channels=channels, member=not person.outsider, timezone=person.timezone)

    def is_admin(self, user: str | None) -> bool:
        """Tell whether an admitted person may change what everyone shares."""
        return not self.admins or user in self.admins

    def admit_to_links(self, user: str) -> None:
        """Raise ``NotAllowed`` unless an admitted person may change links."""
        if not self.is_admin(user):
            raise NotAllowed(LINKS_ADMINS_ONLY)

    def admit_to_reviews(self, user: str) -> None:
        """Raise ``NotAllowed`` unless an admitted person may review violations."""
        if not self.is_admin(user):
            raise NotAllowed(REVIEWS_ADMINS_ONLY)

    def admit_to_zscaler(self, user: str) -> None:
        """Raise ``NotAllowed`` unless they are a listed admin; here an empty list admits no one."""
        if user not in self.admins:
            raise NotAllowed(ZSCALER_ADMINS_ONLY if self.admins else NO_ADMINS)

    def admit_to_cancel(self, user: str, scan: Scan) -> None:
        """Raise ``NotAllowed`` unless the scan is theirs or they are an admin."""
        if user not in {scan.shared_by, scan.asked_by} and not self.is_admin(user):
            raise NotAllowed(NOT_YOURS)

    def may_create_link(self, scan: Scan) -> bool:
        """Tell whether the app ID that was requested for a scan may become its build's link."""
        return scan.source is Source.SHELL or self.is_admin(scan.asked_by or scan.shared_by)
