"""Sentences for people when an upload fails: what is wrong, and which setting to check."""

RUNNER = "Whoever runs this bot should"

# A person has to fix something.
LOGIN = (
    f"The FTP server did not accept the bot's login. {RUNNER} check the user and the password "
    "(`ONETRUST_FTP_URL`, `ONETRUST_FTP_PASSWORD`) or the key (`ONETRUST_FTP_KEY_FILE`)."
)
KEY_FILE = (
    "The bot can't read the private key for the SFTP server. "
    f"{RUNNER} check `ONETRUST_FTP_KEY_FILE` and `ONETRUST_FTP_KEY_PASSPHRASE`."
)
CERTIFICATE = (
    "The connection to the FTP server can't be trusted: its certificate does not check out. "
    f"{RUNNER} check the host in `ONETRUST_FTP_URL`, and `ONETRUST_FTP_CA` for a private authority."
)
CA_FILE = f"The bot can't read the FTP server's certificate authority. {RUNNER} check `ONETRUST_FTP_CA`."
HOST_KEY = (
    "The connection to the SFTP server can't be trusted: its host key differs from the configured key, or "
    f"none is set. {RUNNER} check `ONETRUST_FTP_HOST_KEY`."
)
NO_TLS = (
    "The FTP server does not offer TLS where the bot asks for it. "
    f"{RUNNER} check the port and `ftps://` in `ONETRUST_FTP_URL`, and `ONETRUST_FTP_IMPLICIT_TLS`."
)
NO_PROTECTION = (
    "The FTP server would take the build unencrypted only, so the bot did not send it. "
    f"{RUNNER} have TLS for data connections (`PROT P`) switched on there."
)
PLAINTEXT = (
    "The FTP server did not take a login without encryption. "
    f"{RUNNER} begin `ONETRUST_FTP_URL` with `ftps://`, and check the user."
)
NO_SFTP = (
    "The SSH server does not offer SFTP to this login. "
    f"{RUNNER} check `ONETRUST_FTP_URL`, and ask whoever runs the server."
)
NO_COMMON_WAY = (
    "The SFTP server and the bot have no kind of host key or encryption in common. "
    f"{RUNNER} check `ONETRUST_FTP_HOST_KEY`, and ask whoever runs the server."
)
FOLDER = (
    "The FTP server has no such folder for the bot's login. "
    f"{RUNNER} check the folder at the end of `ONETRUST_FTP_URL` (`//` before it means the root)."
)
NO_WRITING = (
    "The FTP server does not let the bot put files into the folder. "
    f"{RUNNER} check the folder in `ONETRUST_FTP_URL`, and the rights of the login there."
)
NO_RENAMING = (
    "The FTP server does not let the bot rename a build that has arrived. "
    f"{RUNNER} give the login of `ONETRUST_FTP_URL` the right to rename files in its folder."
)
NO_REMOVING = (
    "The FTP server does not let the bot remove files. "
    f"{RUNNER} give the login of `ONETRUST_FTP_URL` the right to delete files in its folder."
)
NO_SIZE = (
    "The FTP server does not tell how large a file is (`SIZE`), so the bot can't see that a build arrived. "
    f"{RUNNER} have that switched on there, or use another server in `ONETRUST_FTP_URL`."
)

# Worth another try.
NOT_REACHED = (
    "The FTP server can't be reached right now. If that lasts, whoever runs this bot should check the host "
    "and the port in `ONETRUST_FTP_URL`, and the firewalls on the way."
)
STALLED = (
    "The FTP server let the bot in, but then did not answer in time. If that lasts, whoever runs this bot "
    "should check the server, and for FTP and FTPS the firewalls before its passive ports."
)
NO_DATA_PORT = (
    "The FTP server lets the bot log in, but its ports for data can't be reached. Whoever runs this bot or "
    "the server should open the server's passive ports in the firewalls between them."
)
BREAKS = "The connection to the FTP server broke too often, so the build has not arrived yet."
NO_REASON = (
    "The FTP server refused to take the file, without saying why. "
    f"{RUNNER} check the folder's rights, its quota and its disk."
)
FULL = "The FTP server is full: whoever runs it has to make room there. Then another try will do."
MISMATCH = "What arrived at the FTP server twice had not the size of the build."
TOO_SLOW = "The FTP server took the build so slowly that the bot gave up waiting."

# Only a note.
STARTED_OVER = "The FTP server can't resume an interrupted upload, so the bot starts over."
