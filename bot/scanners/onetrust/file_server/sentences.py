"""Sentences for people when an upload fails: what is wrong, and which setting to check."""

from bot.scanners.http.status_codes import CHECK, OPERATOR

_RIGHT = f"{OPERATOR} should give the login of `ONETRUST_FTP_URL` the right to"

# Permanent errors.
LOGIN = (
    f"The FTP server did not accept the bot's login. {CHECK} the user and the password "
    "(`ONETRUST_FTP_URL`, `ONETRUST_FTP_PASSWORD`) or the key (`ONETRUST_FTP_KEY_FILE`)."
)
KEY_FILE = (
    "The bot can't read the private key for the SFTP server. "
    f"{CHECK} `ONETRUST_FTP_KEY_FILE` and `ONETRUST_FTP_KEY_PASSPHRASE`."
)
CERTIFICATE = (
    "The connection to the FTP server can't be trusted: its certificate does not check out. "
    f"{CHECK} the host in `ONETRUST_FTP_URL`, and `ONETRUST_FTP_CA` for a private authority."
)
CA_FILE = f"The bot can't read the FTP server's certificate authority. {CHECK} `ONETRUST_FTP_CA`."
HOST_KEY = (
    "The connection to the SFTP server can't be trusted: its host key differs from the configured key, or "
    f"none is set. {CHECK} `ONETRUST_FTP_HOST_KEY`."
)
NO_TLS = (
    "The FTP server does not offer TLS where the bot asks for it. "
    f"{CHECK} the port and `ftps://` in `ONETRUST_FTP_URL`, and `ONETRUST_FTP_IMPLICIT_TLS`."
)
NO_PROTECTION = (
    "The FTP server accepts builds unencrypted only, so the bot did not send it. "
    f"{OPERATOR} should have TLS for data connections (`PROT P`) switched on there."
)
PLAINTEXT = (
    "The FTP server did not accept a login without encryption. "
    f"{OPERATOR} should begin `ONETRUST_FTP_URL` with `ftps://`, and check the user."
)
NO_SFTP = (
    "The SSH server does not offer SFTP to this login. "
    f"{CHECK} `ONETRUST_FTP_URL`, and ask the server's administrator."
)
NO_COMMON_WAY = (
    "The SFTP server and the bot have no kind of host key or encryption in common. "
    f"{CHECK} `ONETRUST_FTP_HOST_KEY`, and ask the server's administrator."
)
FOLDER = (
    "The FTP server has no such folder for the bot's login. "
    f"{CHECK} the folder at the end of `ONETRUST_FTP_URL` (`//` before it means the root)."
)
NO_WRITING = (
    "The FTP server does not let the bot put files into the folder. "
    f"{CHECK} the folder in `ONETRUST_FTP_URL`, and the rights of the login there."
)
NO_RENAMING = (
    f"The FTP server does not let the bot rename an uploaded build. {_RIGHT} rename files in its folder."
)
NO_REMOVING = f"The FTP server does not let the bot remove files. {_RIGHT} delete files in its folder."
NO_SIZE = (
    "The FTP server does not report the size of a file (`SIZE`), so the bot can't verify an upload. "
    f"{OPERATOR} should have that switched on there, or use another server in `ONETRUST_FTP_URL`."
)

# Worth a retry.
NOT_REACHED = (
    "The FTP server can't be reached right now. If that lasts, the operator of this bot should check the "
    "host and the port in `ONETRUST_FTP_URL`, and the firewalls on the way."
)
STALLED = (
    "The FTP server accepted the bot's login, but then did not answer in time. If that lasts, the operator "
    "of this bot should check the server, and for FTP and FTPS the firewalls before its passive ports."
)
NO_DATA_PORT = (
    "The FTP server accepts the bot's login, but its ports for data can't be reached. "
    f"{OPERATOR} should have the server's passive ports opened in the firewalls on the way."
)
BREAKS = "The connection to the FTP server broke too often, so the build has not arrived yet."
NO_REASON = (
    "The FTP server refused the file without saying why. "
    f"{CHECK} the folder's rights, its quota and its disk."
)
FULL = "The FTP server is full. Its administrator has to free space there; then a retry will work."
MISMATCH = "The file that arrived at the FTP server had the wrong size, twice."
TOO_SLOW = "The upload to the FTP server was too slow, so the bot gave up."

# Only a note.
STARTED_OVER = "The FTP server can't resume an interrupted upload, so the bot starts over."
