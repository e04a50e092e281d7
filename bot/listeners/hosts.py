"""The modal with all hosts of a build."""

from slack_bolt.async_app import AsyncApp

from bot.blocks import hosts
from bot.blocks.elements import Block
from bot.blocks.hosts_modals import HOSTS, hosts_modal
from bot.errors import NotFound
from bot.listeners.forms import open_paged
from bot.scans.desk import Desk
from bot.slack.blocks.paged_modal import ModalState


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the modal."""

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await desk.records.status(user, state.channel, str(state.record))
        if card.hosts is None:
            raise NotFound(f"The hosts of scan #{state.record} are not known here.")
        return hosts_modal(card.scan, card.hosts, state)

    open_paged(app, HOSTS, load, button=hosts.ALL_HOSTS)
