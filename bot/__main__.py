"""The command line: ``python -m bot`` runs the bot; ``--help`` tells the rest."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from bot import log
from bot.config.settings import RUN, Need, Settings
from bot.errors import SettingsError

logger = logging.getLogger(__name__)

EXAMPLES = """\
examples:
  python -m bot                                  run the bot
  python -m bot check                            are the settings, Slack and OneTrust fit?
  python -m bot scan shop.apk                    scan a build from a shell or a pipeline
  python -m bot scan shop.apk --app-id 0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d --channel C0123456789
  python -m bot export --format csv > scans.csv  the whole history
  python -m bot export --sdks > sdks.csv         which build had which SDK in it
  python -m bot backup /backups/appscan.db       a copy of the database, while the bot runs
  python -m bot forget U0123456789               take a person out of the history

Settings come from environment variables: see docs/settings.md.
"""

SCAN_EPILOG = """\
exit codes:
  0  submitted; the request ID is on standard output
  1  not submitted: OneTrust or Slack said no, the time was up, or the settings are wrong
  2  the command was typed wrong
  3  the file is no build that can be scanned
  4  a person has to decide: run again with --app-id or --new
  5  the very same file was submitted before; its request ID, where known, is on standard output
  6  uncertain: OneTrust may have taken it; look in its log before running again
 70  an error that nobody foresaw; the traceback is on standard error

examples:
  python -m bot scan shop.apk
  python -m bot scan shop.apk --app-id 0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d
  python -m bot scan Shop.ipa --name "Shop (staging)" --channel C0123456789
"""


def parser(*, tells_zscaler: bool = False) -> argparse.ArgumentParser:
    """Return what reads the command line; its help tells of what Zscaler adds where that is wanted."""
    plain = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        prog="python -m bot",
        description="Every mobile build shared in Slack is scanned by OneTrust, and its thread says so.",
        epilog=EXAMPLES,
        formatter_class=plain,
    )
    commands = top.add_subparsers(dest="command", metavar="command")
    commands.add_parser("run", help="run the bot (the default)")
    commands.add_parser("check", help="tell whether everything is fit to run")
    export = commands.add_parser("export", help="write the history to standard output")
    export.add_argument("--format", choices=("csv", "json"), default="csv", help="default: csv")
    found = export.add_mutually_exclusive_group()
    found.add_argument("--sdks", action="store_true", help="a row for each scan and SDK found in it")
    found.add_argument("--permissions", action="store_true", help="a row for each scan and permission")
    verdicts, hosts = "a row for each scan that Zscaler was asked about", "a row for each scan and host"
    for name, told in (("--verdicts", verdicts), ("--hosts", hosts)):
        found.add_argument(name, action="store_true", help=told if tells_zscaler else argparse.SUPPRESS)
    backup = commands.add_parser(
        "backup", help="copy the database while the bot runs (docs/deploy.md tells how to restore)"
    )
    backup.add_argument("path", type=Path, help="the file to make")
    backup.add_argument("--force", action="store_true", help="replace the file if it is there")
    forget = commands.add_parser("forget", help="take a person out of the history")
    forget.add_argument("user", help="their user ID in Slack, such as U0123456789")
    scan = commands.add_parser(
        "scan",
        help="scan a build from a shell or a pipeline",
        epilog=SCAN_EPILOG,
        formatter_class=plain,
    )
    scan.add_argument("build", type=Path, help="an .ipa or .apk")
    way = scan.add_mutually_exclusive_group()
    way.add_argument("--app-id", metavar="ID", help="rescan this app (the Production ID in OneTrust)")
    way.add_argument("--name", help="the app's name, if it turns out to be a new app")
    scan.add_argument("--new", action="store_true", help="scan as a new app, even if seen before")
    scan.add_argument("--again", action="store_true", help="scan even if this very file was submitted before")
    scan.add_argument(
        "--timeout",
        metavar="MINUTES",
        type=float,
        default=60.0,
        help="give up when it takes longer, as while OneTrust is away (default: 60)",
    )
    scan.add_argument("--channel", metavar="C…", help="tell it in this Slack channel as well")
    return top


def asked(arguments: list[str] | None = None, environ: Mapping[str, str] = os.environ) -> argparse.Namespace:
    """Return what is asked for; where it was typed wrong, say so and end."""
    top = parser(tells_zscaler=any(name.startswith("ZSCALER_") for name in environ))
    given = top.parse_args(arguments)
    if given.command == "scan" and given.new and given.app_id:
        top.error("--new and --app-id can't both be meant")
    return given


def needs(given: argparse.Namespace) -> frozenset[Need]:
    """Return which settings a command can't do without."""
    return {
        "scan": frozenset({Need.ONETRUST, Need.POST} if getattr(given, "channel", None) else {Need.ONETRUST}),
        "export": frozenset[Need](),
        "backup": frozenset[Need](),
        "forget": frozenset[Need](),
    }.get(given.command, RUN)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit code."""
    given = asked(arguments)
    log.configure("WARNING", ())
    try:
        settings = Settings.read(os.environ, needs(given))
    except SettingsError as error:
        return _unfit(error)
    quiet = given.command not in {None, "run"}
    log.configure("WARNING" if quiet else settings.log_level, settings.secrets(), form=settings.log_format)
    try:
        code = asyncio.run(_until_signalled(given, settings))
        sys.stdout.flush()
        return code
    except SettingsError as error:  # in the rules file, which is read by the time it is needed
        return _unfit(error)
    except BrokenPipeError:  # such as ``… export | head``: whoever read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # Python's own traceback would not go through the log, which hides secrets
        logger.exception("an error that nobody foresaw ended this")
        return 70


def _unfit(error: SettingsError) -> int:
    """Print what is wrong with the settings; return the exit code."""
    print("The settings are not fit to run with:", file=sys.stderr)
    for problem in error.problems:
        print(f"  {problem}", file=sys.stderr)
    print("docs/settings.md tells about each; .env.example shows them all.", file=sys.stderr)
    return 1


async def _until_signalled(given: argparse.Namespace, settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await perform(given, settings, stop)


async def perform(given: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Do what is asked for, until ``stop`` is set; return the exit code."""
    # Each command is imported when it is asked for: exporting needs no Slack.
    match given.command:
        case "check":
            from bot.cli.check import check

            return await check(settings)
        case "export":
            from bot.cli.export import ExportKind, export

            asked = [what for what in ExportKind if getattr(given, what, False)]
            return await export(settings.database, given.format, sys.stdout, *asked)
        case "backup":
            from bot.cli.backup import backup

            return await backup(settings.database, given.path, sys.stdout, force=given.force)
        case "forget":
            from bot.cli.forget import forget

            return await forget(settings.database, given.user, sys.stdout)
        case "scan":
            from bot.cli.scan import ScanArguments, scan

            file = ScanArguments(
                path=given.build,
                app_id=given.app_id,
                name=given.name,
                new=given.new,
                again=given.again,
                channel=given.channel,
                timeout_s=given.timeout * 60,
            )
            return await scan(settings, file, stop)
        case _:
            from bot.cli.run import run

            return await run(settings, stop)


if __name__ == "__main__":
    sys.exit(main())
