"""The settings of the FTP route: where builds are put, and which workflows fetch them from there."""

from dataclasses import dataclass
from urllib.parse import quote

from bot.addresses import webhook_problem
from bot.depot_address import AddressProblem, DepotAddress, parse_address
from bot.variables import SECRET_MIN, Reader, Secret

VARIABLES = (
    "ONETRUST_FTP_URL",
    "ONETRUST_FTP_PASSWORD",
    "ONETRUST_FTP_KEY_FILE",
    "ONETRUST_FTP_KEY_PASSPHRASE",
    "ONETRUST_FTP_HOST_KEY",
    "ONETRUST_FTP_KNOWN_HOSTS",
    "ONETRUST_FTP_CA",
    "ONETRUST_FTP_IMPLICIT_TLS",
    "ONETRUST_FTP_PLAINTEXT",
    "ONETRUST_FTP_REMOTE_PATH",
    "ONETRUST_FTP_WEBHOOK_URL",
    "ONETRUST_FTP_RESCAN_WEBHOOK_URL",
    "ONETRUST_FTP_KEEP_HOURS",
)

KEEP_HOURS = 72


@dataclass(frozen=True, kw_only=True)
class FtpSettings:
    """All that the FTP route needs."""

    address: DepotAddress
    webhook_url: Secret
    """Of the workflow for new apps."""
    rescan_webhook_url: Secret | None
    """Of the workflow whose body template maps ``appId`` as well."""
    remote_path: str | None
    """The folder as OneTrust's login sees it; ``None`` where that is as the bot's does."""
    keep_hours: int
    """How long an uploaded build stays."""

    @property
    def webhook_urls(self) -> tuple[str, ...]:
        """The webhooks' addresses, which are secrets."""
        return tuple(url.reveal() for url in (self.webhook_url, self.rescan_webhook_url) if url)

    @property
    def passwords(self) -> tuple[str, ...]:
        """The login's secrets, also as an address has them."""
        return tuple(text for secret in self.address.secrets() for text in (secret, quote(secret, safe="")))

    def path_of(self, name: str) -> str:
        """Return the path of an uploaded build as OneTrust's login sees it."""
        if self.remote_path is None:
            return self.address.path_of(name)
        return f"{self.remote_path.rstrip('/')}/{name}"


def read_ftp(read: Reader, onetrust_url: str) -> FtpSettings | None:
    """Read the route's settings; ``None`` where it is not set up, or wrongly, which has been told then.

    ``onetrust_url`` is empty where it is missing or wrong: then webhooks are not compared with it.
    """
    if not (url := read.text("ONETRUST_FTP_URL")):
        for name in VARIABLES:
            if read.text(name):
                read.problem(name, "is set, and ONETRUST_FTP_URL is not: set both, or neither")
        return None
    keep_hours = read.number("ONETRUST_FTP_KEEP_HOURS", 1, 8760)
    address = _address(read, url)
    webhook = _webhook(read, "ONETRUST_FTP_WEBHOOK_URL", onetrust_url)
    if webhook is None:
        read.require("ONETRUST_FTP_WEBHOOK_URL", "copy the HTTP POST URL of the workflow that fetches by FTP")
    remote_path = read.text("ONETRUST_FTP_REMOTE_PATH")
    if not remote_path.isprintable() or ".." in remote_path.split("/") or "\\" in remote_path:
        read.problem("ONETRUST_FTP_REMOTE_PATH", "must be the path of a folder, with / between and no ..")
    if address is not None and address.password and len(address.password) < SECRET_MIN:
        read.problem(
            "ONETRUST_FTP_PASSWORD",
            f"is shorter than {SECRET_MIN} characters, so that the log could not hide it: give the login a "
            "longer one",
        )
    rescan_webhook = _webhook(read, "ONETRUST_FTP_RESCAN_WEBHOOK_URL", onetrust_url)
    for name in ("ONETRUST_FTP_WEBHOOK_URL", "ONETRUST_FTP_RESCAN_WEBHOOK_URL"):
        if read.text(name) and read.text(name) == read.text("ONETRUST_WEBHOOK_URL"):
            read.problem(
                name, "is ONETRUST_WEBHOOK_URL: the workflow that fetches by FTP has a URL of its own"
            )
    if rescan_webhook is not None and rescan_webhook == webhook:
        read.problem(
            "ONETRUST_FTP_RESCAN_WEBHOOK_URL",
            "is ONETRUST_FTP_WEBHOOK_URL: rescans have a workflow of their own, or leave it out",
        )
    if address is None or webhook is None:
        return None
    return FtpSettings(
        address=address,
        webhook_url=webhook,
        rescan_webhook_url=rescan_webhook,
        remote_path=remote_path or None,
        keep_hours=keep_hours or KEEP_HOURS,
    )


def _address(read: Reader, url: str) -> DepotAddress | None:
    key_file = read.existing("ONETRUST_FTP_KEY_FILE")
    if key_file is None and read.text("ONETRUST_FTP_KEY_FILE"):
        return None  # that has been told, and a password need not be missed
    plaintext, implicit = read.switch("ONETRUST_FTP_PLAINTEXT"), read.switch("ONETRUST_FTP_IMPLICIT_TLS")
    try:
        address = parse_address(
            url,
            password=read.text("ONETRUST_FTP_PASSWORD") or None,
            key_file=key_file,
            key_passphrase=read.text("ONETRUST_FTP_KEY_PASSPHRASE") or None,
            implicit_tls=implicit,
            ca_file=read.existing("ONETRUST_FTP_CA"),
            host_key=read.text("ONETRUST_FTP_HOST_KEY") or None,
            known_hosts=read.existing("ONETRUST_FTP_KNOWN_HOSTS"),
        )
        if address.scheme != "ftp" or plaintext:
            return address
        read.problem(
            "ONETRUST_FTP_URL",
            "begins with ftp://, where the password and every build go unencrypted: use sftp:// or ftps://, "
            "or say that you want it so with ONETRUST_FTP_PLAINTEXT=1",
        )
    except AddressProblem as problem:
        read.problem(problem.variable, problem.words)
    return None


def _webhook(read: Reader, name: str, onetrust_url: str) -> Secret | None:
    value = read.text(name)
    if not value:
        return None
    if problem := webhook_problem(value, onetrust_url):
        read.problem(name, problem)
        return None
    return Secret(value)
