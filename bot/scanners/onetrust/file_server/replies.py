"""What an FTP server's replies mean, by their code and the command.

========  ===============  ================  ====================================================
Code      Command          Raised            What happens next
========  ===============  ================  ====================================================
452, 552  any              TryLater          the server's disk, or this login's quota, is full
4xx       any              ConnectionBroken  another connection; if none works, 421, 425 and 426
                                             mean a bad connection, others the folder or disk
5xx       a greeting       ConnectionBroken  another connection
5xx       any other        Refused           a person fixes it: see ``Phase``
other     any              ConnectionBroken  another connection: this is not FTP
========  ===============  ================  ====================================================

Some servers use another code when they are full; the text of a reply is read only to detect this.

Source: RFC 959, section 4.2; RFC 4217, section 10.
"""

import ftplib
import re
import ssl
from enum import Enum

from bot.errors import Refused
from bot.scanners.onetrust.file_server import sentences
from bot.scanners.onetrust.file_server.ftp_connection import NoDataPort
from bot.scanners.onetrust.file_server.session import ConnectionBroken, quoted, sounds_full, try_later


class Phase(Enum):
    """The command, with the sentence for a rejection."""

    TALKING = ""  # a greeting or QUIT: a rejection is not about the bot
    ENCRYPTING = sentences.NO_TLS  # AUTH TLS
    PLAIN_USER = sentences.PLAINTEXT  # USER without TLS
    LOGIN = sentences.LOGIN  # USER, PASS
    PROTECTING = sentences.NO_PROTECTION  # PBSZ, PROT P
    ENTERING = sentences.FOLDER  # CWD
    ASKING_SIZE = sentences.NO_SIZE  # SIZE, except a 550
    STORING = sentences.NO_WRITING  # PASV, STOR
    RENAMING = sentences.NO_RENAMING  # RNFR, RNTO
    REMOVING = sentences.NO_REMOVING  # DELE


_BEGINNING = {Phase.TALKING, Phase.ENCRYPTING}
_WITH_FILES = {Phase.STORING, Phase.RENAMING, Phase.REMOVING}
_CONNECTION_LOST = {"421", "425", "426"}


def meaning_of(exc: Exception, phase: Phase, secrets: tuple[str, ...]) -> Exception:
    """Return what an error of the connection means; ``secrets`` are kept out of its text."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return Refused(
            sentences.CERTIFICATE, detail=f"the FTP server's certificate: {quoted(exc.verify_message)}"
        )
    if isinstance(exc, ssl.SSLError) and not isinstance(exc, ssl.SSLEOFError) and phase in _BEGINNING:
        return Refused(sentences.NO_TLS, detail=f"the FTP server's TLS: {quoted(exc.reason or '')}")
    if isinstance(exc, NoDataPort):
        return ConnectionBroken(f"no data port: {type(exc.__cause__).__name__}", sentences.NO_DATA_PORT)
    if not isinstance(exc, ftplib.Error):
        return ConnectionBroken(f"{phase.name.lower()}: {type(exc).__name__}")
    reply = str(exc)
    code = reply[:3]
    # The reply to a login could contain the password in another form: its code is enough.
    shown = quoted(code if phase in {Phase.LOGIN, Phase.PLAIN_USER} else reply, secrets)
    detail = f"the FTP server's reply at {phase.name.lower()}: {shown}"
    if code in {"452", "552"} or (code[:1] in {"4", "5"} and phase is Phase.STORING and sounds_full(reply)):
        return try_later(sentences.FULL, detail)
    if isinstance(exc, ftplib.error_perm) and phase is not Phase.TALKING:
        return Refused(phase.value, detail=detail)
    refused = code[:1] == "4" and code not in _CONNECTION_LOST and phase in _WITH_FILES
    return ConnectionBroken(detail, sentences.NO_REASON if refused else "")


def size_in(answer: str) -> int:
    """Return the size in a reply to SIZE, ``213 1234``.

    Raises:
        ftplib.Error: no size in it.
    """
    size = re.fullmatch(r"213 +([0-9]{1,18})\s*", answer)
    if size is None:
        raise ftplib.error_proto(answer)
    return int(size[1])
