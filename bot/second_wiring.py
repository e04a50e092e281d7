"""Joins what asks Zscaler about each build: beside the pipeline, and only where it is set up."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.packages.hosts import PackageHosts
from bot.scans.breaker import Breaker
from bot.scans.holding import Holding
from bot.scans.memory import Store
from bot.scans.opinion_outcomes import OpinionOutcomes
from bot.scans.ports import Announcer, Clock, Files
from bot.scans.reporting import Reporter
from bot.scans.runner import Turn
from bot.scans.second import SecondOpinion
from bot.scans.workroom import Workroom
from bot.settings import Settings
from bot.zscaler_parts import Zscaler


@dataclass(frozen=True, kw_only=True)
class Second:
    """What was joined."""

    opinions: SecondOpinion
    """To be stopped."""
    turns: tuple[Turn, ...]
    """For the runner."""


def holding(settings: Settings, zscaler: Zscaler | None) -> Holding | None:
    """Return how Zscaler bears on what a build becomes; ``None`` where no build is shown to it."""
    if settings.zscaler is None or not _asks(zscaler):
        return None
    return Holding(hold_max_s=settings.zscaler.hold_max_s)


def second(
    settings: Settings,
    zscaler: Zscaler | None,
    *,
    store: Store,
    files: Files,
    workroom: Workroom,
    announcer: Announcer,
    clock: Clock,
    wake: Callable[[], None],
    bad: Callable[[int], None],
) -> Second | None:
    """Join it; ``bad`` is told of each scan whose verdict is to be announced. ``None`` where not set up."""
    if settings.zscaler is None or zscaler is None or not _asks(zscaler):
        return None
    first_s = float(settings.zscaler.report_first_s)
    outcomes = OpinionOutcomes(store, announcer, wake, bad)
    opinions = SecondOpinion(
        store=store,
        files=files,
        workroom=workroom,
        outcomes=outcomes,
        clock=clock,
        breaker=Breaker(clock, "Zscaler's Sandbox"),
        wake=wake,
        sandbox=zscaler.sandbox,
        hosts=PackageHosts(environment=settings.interpreter) if zscaler.categories is not None else None,
        reads=zscaler.reports is not None,
        first_s=first_s,
    )
    reporter = Reporter(store=store, reports=zscaler.reports, outcomes=outcomes, clock=clock, first_s=first_s)
    return Second(opinions=opinions, turns=(opinions.turn, reporter.turn))


def _asks(zscaler: Zscaler | None) -> bool:
    """Tell whether builds are shown to Zscaler: for a verdict, or for where they talk to."""
    return zscaler is not None and (zscaler.sandbox is not None or zscaler.categories is not None)
