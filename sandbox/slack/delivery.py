"""Bringing events, commands and interactions to the bot, again where they were not acknowledged.

Events are tried once and then again at once, after a minute and after five minutes; what a person waits for
is tried once. Source: https://docs.slack.dev/apis/events-api#retries

Fault points: ``event.<type>``, ``command``, ``interactive.<type>``; they may ``drop``, ``hold`` or send
``copies``. Their facts are ``type``, ``subtype``, ``channel``, ``user``, ``file`` and ``ts``, as far as they
are known.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sandbox.faults import Faults, points
from sandbox.world import Json, World

RETRIES_S = (0.0, 60.0, 300.0)
"""How long Slack waits before each further try of an event."""


EVENTS = ("message", "file_shared", "file_deleted", "app_mention", "member_joined_channel", "app_home_opened")
"""The types of events that people set off here."""

INTERACTIONS = ("block_actions", "message_action", "view_submission", "view_closed")
"""The types of what people do by hand, other than commands."""

POINTS = points(
    [
        *(f"event.{event}" for event in EVENTS),
        "command",
        *(f"interactive.{interaction}" for interaction in INTERACTIONS),
    ],
    *("drop", "copies", "hold"),
)
"""Where this can go wrong."""


class NotAcked(Exception):  # noqa: N818 - it is what the bot did not do
    """The bot did not acknowledge; ``reason`` is Slack's word for it."""

    def __init__(self, reason: str, *, again_at_once: bool = False, no_retry: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again_at_once = again_at_once
        self.no_retry = no_retry


@dataclass(kw_only=True, eq=False)
class Delivery:
    """Something for the bot, and what became of it.

    ``kind`` is ``events_api``, ``slash_commands`` or ``interactive``; ``name`` is the event's type, the
    command, or the interaction's type.
    """

    kind: str
    name: str
    payload: Json
    attempts: int = 0
    acked: bool = False
    response: Json | None = None
    """What the acknowledgement carried."""
    error: str = ""
    """Why it was given up."""


class Transport(Protocol):
    """A way to the bot."""

    async def ready(self) -> None:
        """Wait until there is anybody to deliver to."""
        ...

    async def deliver(self, delivery: Delivery, attempt: int, reason: str) -> Json | None:
        """Deliver once and return what the acknowledgement carried.

        Raises:
            NotAcked: it was not acknowledged in time, or there is nobody.
        """
        ...


class Outbox:
    """Everything on its way to the bot, and all that was."""

    def __init__(
        self, world: World, faults: Faults, transport: Transport, retries_s: tuple[float, ...]
    ) -> None:
        self.deliveries: list[Delivery] = []
        self._world = world
        self._faults = faults
        self._transport = transport
        self._retries_s = retries_s
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, delivery: Delivery, facts: Mapping[str, str]) -> None:
        """Deliver, without waiting for it."""
        self._start(delivery, facts)

    async def ask(self, delivery: Delivery, facts: Mapping[str, str]) -> Delivery:
        """Deliver, and wait until it was acknowledged or given up."""
        await asyncio.wait({self._start(delivery, facts)})
        return delivery

    @property
    def pending(self) -> int:
        """How many deliveries are neither acknowledged nor given up."""
        return len(self._tasks)

    async def close(self) -> None:
        """Stop delivering."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, delivery: Delivery, facts: Mapping[str, str]) -> asyncio.Task[None]:
        delivery.payload = json.loads(json.dumps(delivery.payload))  # as it is now, whatever comes later
        self.deliveries.append(delivery)
        task = asyncio.get_running_loop().create_task(self._deliver(delivery, facts))
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._world.changes.tell()
        if not task.cancelled():
            task.result()

    async def _deliver(self, delivery: Delivery, facts: Mapping[str, str]) -> None:
        prefix = {"events_api": "event", "slash_commands": "command", "interactive": "interactive"}
        point = prefix[delivery.kind]
        if point != "command":
            point = f"{point}.{delivery.name}"
        fault = self._faults.take(point, facts) if point in self._faults.points else None
        if fault is None:
            await self._try(delivery)
            return
        await fault.hold()
        if fault.drop:
            delivery.error = "dropped"
            return
        for _ in range(fault.copies):
            await self._try(delivery)

    async def _try(self, delivery: Delivery) -> None:
        lasting = delivery.kind == "events_api"
        reason, at_once = "", False
        for attempt, wait_s in enumerate((0.0, *(self._retries_s if lasting else ()))):
            if attempt:
                if not at_once:
                    await self._world.clock.sleep(wait_s)
                await self._transport.ready()
            delivery.attempts += 1
            try:
                delivery.response = await self._transport.deliver(delivery, attempt, reason)
            except NotAcked as no:
                reason, at_once = no.reason, no.again_at_once
                if no.no_retry:
                    break
            else:
                delivery.acked = True
                return
            self._world.changes.tell()
        delivery.error = reason
