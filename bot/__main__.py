"""The command line: ``python -m bot`` runs the bot; ``--help`` lists the other commands."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from bot import log
from bot.builds import confinement
from bot.config.settings import RUN, Need, Settings
from bot.errors import NewerDatabase, SettingsError

logger = logging.getLogger(__name__)

ON_DATABASE = frozenset({"export", "backup", "forget"})
"""Commands that need nothing but an existing database."""

EXAMPLES = """\
examples:
  python -m bot                                  run the bot
  python -m bot check                            check the settings, Slack and OneTrust
  python -m bot scan shop.apk                    scan a build from a shell or a pipeline
  python -m bot scan shop.apk --app-id 0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d --channel C0123456789
  python -m bot export --format csv > scans.csv  the whole history
  python -m bot export --sdks > sdks.csv         the SDKs in each build
  python -m bot backup /backups/appscan.db       a copy of the database, while the bot runs
  python -m bot forget U0123456789               remove a person from the history

Settings come from environment variables: see docs/settings.md.
"""

SCAN_EPILOG = """\
exit codes:
  0  submitted; the request ID is on standard output
  1  not submitted: rejected by OneTrust or Slack, timed out, or the settings are wrong
  2  the command was typed wrong
  3  the file is not a build that can be scanned
  4  a person has to decide: run again with --app-id or --new
  5  the very same file was submitted before; its request ID, where known, is on standard output
  6  uncertain: OneTrust may have accepted it; check its log before running again
 70  an unexpected error; the traceback is on standard error

examples:
  python -m bot scan shop.apk
  python -m bot scan shop.apk --app-id 0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d
  python -m bot scan Shop.ipa --name "Shop (staging)" --channel C0123456789
"""


def parser(*, shows_zscaler: bool = False) -> argparse.ArgumentParser:
    """Return the parser of the command line; its help shows options for Zscaler if ``shows_zscaler``."""
    plain = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        prog="python -m bot",
        description="Has every mobile build shared in Slack scanned by OneTrust, and replies in its thread.",
        epilog=EXAMPLES,
        formatter_class=plain,
    )
    commands = top.add_subparsers(dest="command", metavar="command")
    commands.add_parser("run", help="run the bot (the default)")
    commands.add_parser("check", help="check the settings, and the connections to Slack and OneTrust")
    export = commands.add_parser("export", help="write the history to standard output")
    export.add_argument("--format", choices=("csv", "json"), default="csv", help="default: csv")
    kind = export.add_mutually_exclusive_group()
    kind.add_argument("--sdks", action="store_true", help="a row for each scan and SDK")
    kind.add_argument("--permissions", action="store_true", help="a row for each scan and permission")
    for name, each in (("--verdicts", "with a verdict from Zscaler"), ("--hosts", "and host")):
        text = f"a row for each scan {each}" if shows_zscaler else argparse.SUPPRESS
        kind.add_argument(name, action="store_true", help=text)
    backup = commands.add_parser(
        "backup", help="copy the database while the bot runs (docs/deploy.md explains how to restore)"
    )
    backup.add_argument("path", type=Path, help="the file to create")
    backup.add_argument("--force", action="store_true", help="replace an existing file")
    forget = commands.add_parser("forget", help="remove a person from the history")
    forget.add_argument("user", help="their user ID in Slack, such as U0123456789")
    text = "scan a build from a shell or a pipeline"
    scan = commands.add_parser("scan", help=text, epilog=SCAN_EPILOG, formatter_class=plain)
    scan.add_argument("path", metavar="build", type=Path, help="an .ipa or .apk")
    app = scan.add_mutually_exclusive_group()
    app.add_argument("--app-id", metavar="ID", help="rescan this app (the Production ID in OneTrust)")
    app.add_argument("--name", help="the app's name, if it is a new app")
    scan.add_argument("--new", action="store_true", help="scan as a new app, even if seen before")
    scan.add_argument("--again", action="store_true", help="scan even if the same file was submitted before")
    scan.add_argument(
        "--timeout",
        dest="timeout_s",
        metavar="MINUTES",
        type=minutes,
        default=3600.0,
        help="give up after this time, for instance while OneTrust is down (default: 60)",
    )
    scan.add_argument("--channel", metavar="C…", help="also post to this Slack channel")
    return top


def minutes(text: str) -> float:
    """Parse minutes; return seconds."""
    return float(text) * 60


def parse(arguments: list[str] | None = None, environ: Mapping[str, str] = os.environ) -> argparse.Namespace:
    """Parse the command line; exits with a message if it is invalid."""
    top = parser(shows_zscaler=any(name.startswith("ZSCALER_") for name in environ))
    given = top.parse_args(arguments)
    if given.command == "scan" and given.new and given.app_id:
        top.error("--new and --app-id can't be combined")
    return given


def needs(given: argparse.Namespace) -> frozenset[Need]:
    """Return the settings that a command needs."""
    if given.command in ON_DATABASE:
        return frozenset()
    if given.command == "scan":
        return frozenset({Need.ONETRUST, Need.POST} if given.channel else {Need.ONETRUST})
    return RUN


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit code."""
    confinement.hide_memory()
    given = parse(arguments)
    log.configure("WARNING", ())
    try:
        settings = Settings.read(os.environ, needs(given))
    except SettingsError as error:
        return _invalid_settings(error)
    os.environ.pop("SLACK_BOT_TOKEN", None)  # slack_bolt would read it, and warn that it is unused
    quiet = given.command not in {None, "run"}
    log.configure("WARNING" if quiet else settings.log_level, settings.secrets(), form=settings.log_format)
    try:
        code = asyncio.run(_until_signalled(given, settings))
        sys.stdout.flush()
        return code
    except SettingsError as error:  # in the rules file, which is read by the time it is needed
        return _invalid_settings(error)
    except NewerDatabase as error:
        print(error.user_message, file=sys.stderr)
        return 1
    except BrokenPipeError:  # such as ``… export | head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # logged, as Python's own traceback would not hide secrets
        logger.exception("stopped by an unexpected error")
        return 70


def _invalid_settings(error: SettingsError) -> int:
    """Print the problems with the settings; return the exit code."""
    print("The settings are invalid:", file=sys.stderr)
    for problem in error.problems:
        print(f"  {problem}", file=sys.stderr)
    print("docs/settings.md explains each; .env.example lists them all.", file=sys.stderr)
    return 1


async def _until_signalled(given: argparse.Namespace, settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await perform(given, settings, stop)


async def perform(given: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Run a command until it ends or ``stop`` is set; return the exit code."""
    if given.command in ON_DATABASE and not settings.database.is_file():
        path = settings.database
        raise SystemExit(f"There is no database at {path}: set APPSCAN_DB to where the bot keeps it.")
    # Only the command's own module is imported: exporting needs no Slack.
    match given.command:
        case "check":
            from bot.cli.check import check

            return await check(settings)
        case "export":
            from bot.cli.export import ExportKind, export

            kinds = [kind for kind in ExportKind if getattr(given, kind, False)]
            return await export(settings.database, given.format, sys.stdout, *kinds)
        case "backup":
            from bot.cli.backup import backup

            return await backup(settings.database, given.path, sys.stdout, force=given.force)
        case "forget":
            from bot.cli.forget import forget

            return await forget(settings.database, given.user, sys.stdout)
        case "scan":
            from bot.cli.scan import ScanArguments, scan

            arguments = {name: value for name, value in vars(given).items() if name != "command"}
            return await scan(settings, ScanArguments(**arguments), stop)
        case _:
            from bot.cli.run import run

            return await run(settings, stop)


if __name__ == "__main__":
    sys.exit(main())
