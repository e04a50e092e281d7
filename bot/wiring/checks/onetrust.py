"""Checks of OneTrust: the credential, the routes, whether results can be read, and the rules."""

from collections.abc import AsyncGenerator, Iterator

from bot.config.ftp import FtpSettings
from bot.config.settings import Settings
from bot.core.clock import SystemClock
from bot.errors import CannotRead, SettingsError, SubmissionError
from bot.features.compliance import rules_file
from bot.features.compliance.rules import SDK_CATEGORIES, unknown_categories
from bot.features.submission.routes import Routes
from bot.metrics import Metrics
from bot.scanners.onetrust.auth import ApiKey
from bot.scanners.onetrust.file_server import FileServerTimeouts, open_file_server
from bot.wiring import parts
from bot.wiring.checks import CheckResult, Checkup, failed, passed

FTP_TIMEOUTS = FileServerTimeouts(enter_s=8.0, answer_s=10.0, goodbye_s=1.0)
"""Below 20 s in total, so that a dead server is reported soon."""

_RESULTS = "OneTrust results"
_NEVER_JUDGED = {
    401: "check the credential, and that it is for this environment",
    403: "give the credential COOKIE_READ",
    404: "check that ONETRUST_URL has the Applications API",
}
"""What to do if rules are set and results can't be read, by the status of the refusal."""


async def routes(checkup: Checkup) -> AsyncGenerator[CheckResult, None]:
    """Check the credential, whether results can be read, and the routes of builds."""
    settings = checkup.settings
    async with parts.open_onetrust(settings, SystemClock(), Metrics()) as onetrust:
        yield await _credential(onetrust)
        yield await _results(onetrust, checkup)
        for result in _routes(settings, onetrust.routes, checkup.refused):
            yield result
    if settings.ftp is not None and "ftp" in settings.onetrust_routes:
        yield await _file_server(settings.ftp)
    unset = "ONETRUST_LOG_URL is not set: replies tell the way instead"
    yield passed("log link", "set" if settings.onetrust_log_url else unset)


async def _credential(onetrust: parts.OneTrust) -> CheckResult:
    if isinstance(onetrust.tokens, ApiKey):
        return passed("OneTrust API key", "set; only the first scan shows whether builds may be sent with it")
    try:
        await onetrust.tokens.bearer()
    except SubmissionError as error:
        hint = " Check the network, ONETRUST_URL and the proxy settings." if error.status is None else ""
        return failed("OneTrust token", error.user_message + hint)
    return passed("OneTrust token", "the client ID and secret give an access token")


async def _results(onetrust: parts.OneTrust, checkup: Checkup) -> CheckResult:
    """Check whether results can be read; it passes even if they can't, as scans work without."""
    try:
        await onetrust.applications.can_read()
    except CannotRead as error:
        checkup.refused = error
        return passed(_RESULTS, f"not read. {error.user_message}")
    except SubmissionError as error:
        return passed(_RESULTS, f"not tried. {error.user_message}")
    return passed(_RESULTS, "can be read")


def _routes(settings: Settings, routes: Routes, refused: CannotRead | None) -> Iterator[CheckResult]:
    """List the routes in their order."""
    yield passed("routes", ", then ".join(routes.titles))
    if "webhook" in routes:
        yield passed(
            "OneTrust webhook",
            "its shape is right and it is on ONETRUST_URL's host; only a scan shows whether its ID is",
        )
    if "direct" not in routes:
        return
    if refused is not None and refused.status == 404:
        yield failed(
            "Applications API",
            "OneTrust has none at ONETRUST_URL (404), so no build can go this way: check ONETRUST_URL, or "
            "take direct out of ONETRUST_ROUTES",
        )
    elif settings.onetrust_org_id is None:
        yield passed("Applications API", "takes rescans only: new apps need ONETRUST_ORG_ID")


async def _file_server(ftp: FtpSettings) -> CheckResult:
    try:
        await open_file_server(ftp.address, timeouts=FTP_TIMEOUTS).try_out()
    except SubmissionError as error:
        return failed("FTP server", error.user_message)
    rescans = "" if ftp.rescan_webhook_url else "; rescans need ONETRUST_FTP_RESCAN_WEBHOOK_URL"
    if ftp.address.scheme == "ftp":
        rescans += "; NOTHING IS ENCRYPTED on the way there: the password and every build can be read"
    return passed("FTP server", f"a file could be written, renamed and removed{rescans}")


async def policy(checkup: Checkup) -> AsyncGenerator[CheckResult, None]:
    """Check the rules, and whether they are ever applied."""
    settings, refused = checkup.settings, checkup.refused
    if settings.rules_file is None:
        return
    try:
        rules = rules_file.read(settings.rules_file)
    except SettingsError as error:
        for problem in error.problems:
            yield failed("policy", problem)
        return
    known = f"OneTrust's known categories are {', '.join(SDK_CATEGORIES)}"
    unknown = [(rule.name, category) for rule in rules for category in unknown_categories(rule)]
    for name, category in unknown:
        yield failed("policy", f'rule "{name}": {known}: `{category}` is not one of them')
    if not settings.onetrust_results_hours:
        yield failed(
            "policy",
            "results aren't read, as ONETRUST_RESULTS_HOURS is 0, so no rule is ever judged: set it to 24, "
            "or unset APPSCAN_RULES",
        )
    elif refused is not None:
        remedy = _NEVER_JUDGED.get(refused.status or 0, _NEVER_JUDGED[404])
        yield failed(
            "policy", f"results can't be read, so no rule is ever judged: {remedy}, or unset APPSCAN_RULES"
        )
    elif not unknown:
        count = "1 rule" if len(rules) == 1 else f"{len(rules)} rules"
        yield passed("policy", f"{count}: {', '.join(rule.name for rule in rules)}")
