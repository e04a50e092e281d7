"""Who is asking to see scans."""

from bot.core.person import Person
from bot.core.ports import Workspace
from bot.features.history.models import Viewer


async def viewer(workspace: Workspace, user: str, person: Person, channel: str) -> Viewer:
    """Return who is asking; whoever asks in a conversation is in it."""
    member = not person.outsider
    where = workspace.private_channels if member else workspace.channels
    return Viewer(user=user, channels=await where(user) | {channel}, member=member)
