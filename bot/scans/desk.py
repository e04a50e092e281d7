"""What listeners call: one door to the domain."""

from dataclasses import dataclass

from bot.scans.acknowledging import Acknowledging
from bot.scans.administration import Administration
from bot.scans.asking_again import AskingAgain
from bot.scans.catalogue import Catalogue
from bot.scans.choices import Choices
from bot.scans.governing import Governing
from bot.scans.inquiries import Inquiries
from bot.scans.intake import Intake
from bot.scans.policy import Policy
from bot.scans.records import Cards, Records
from bot.scans.url_inquiry import UrlInquiry
from bot.scans.verdict_inquiry import VerdictInquiry


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The domain's services, by what a person wants."""

    intake: Intake
    """Have a build scanned."""
    choices: Choices
    """Decide about a scan."""
    records: Records
    """Look something up, or change a link."""
    inquiries: Inquiries
    """Ask about what scans found."""
    catalogue: Catalogue
    """Look into OneTrust's own list of applications."""
    acknowledging: Acknowledging
    """Acknowledge that a build breaks the policy."""
    asking_again: AskingAgain
    """Have Zscaler asked again that came to no verdict."""
    policy: Policy
    """Who may use the bot, and where."""
    cards: Cards
    """What a scan's reply shows."""
    administration: Administration | None = None
    """Look after Zscaler; ``None`` where it is not set up."""
    urls: UrlInquiry | None = None
    """Ask about URLs and hosts; ``None`` where nothing that knows of them is set up."""
    governing: Governing | None = None
    """Look up third-party apps; ``None`` where that is not set up."""
    verdicts: VerdictInquiry | None = None
    """Ask about verdicts; ``None`` where Zscaler's Sandbox is not set up."""
    words: frozenset[str] = frozenset()
    """Words of ``/appscan`` that are not always there: those whose API is set up."""
