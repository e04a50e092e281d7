"""The modal with all hosts of a build."""

from slack_bolt.async_app import AsyncApp

from bot.errors import NotFound
from bot.features.hosts import views
from bot.features.hosts.modals import HOSTS, hosts_modal
from bot.features.hosts.models import hosts_of
from bot.slack.blocks.elements import Block
from bot.slack.blocks.paged_modal import ModalState
from bot.slack.listening.modals import open_paged
from bot.wiring.services import Services


def register(app: AsyncApp, services: Services) -> None:
    """Register the modal."""

    async def load(user: str, state: ModalState) -> Block:
        card, _ = await services.records.status(user, state.channel, str(state.record))
        if (hosts := hosts_of(card).hosts) is None:
            raise NotFound(f"The hosts of scan #{state.record} are not known here.")
        return hosts_modal(card.scan, hosts, state)

    open_paged(app, HOSTS, load, button=views.ALL_HOSTS)
