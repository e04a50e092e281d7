"""What an FTP server's replies mean, by their code and the command.

======  ============================  ==========  =================================================
Code    Command                       Raised      What happens next
======  ============================  ==========  =================================================
452     anything                      TryLater    the server is full
552     anything                      TryLater    the server is full, or this login's share of it is
4xx     anything                      Broken      another connection; if none works, 421, 425 and 426
                                                  blame it, the others the folder or disk
5xx     a greeting                    Broken      another connection
5xx     anything else                 Refused     a person fixes it: see ``Phase``
others                                Broken      another connection: this is no FTP
======  ============================  ==========  =================================================

Some servers use another code when they are full; only for this is the text of a reply read.

Source: RFC 959, section 4.2; RFC 4217, section 10.
"""

import ftplib
import re
import ssl
from enum import Enum

from bot.errors import Refused, TryLater
from bot.scanners.onetrust.file_server import sentences
from bot.scanners.onetrust.file_server.ftp_connection import NoDataPort
from bot.scanners.onetrust.file_server.interfaces import ConnectionBroken
from bot.scanners.onetrust.file_server.quoting import quoted, sound_full


class Phase(Enum):
    """The command, with the sentence for a rejection."""

    TALKING = ""  # a greeting or QUIT: a rejection is not about the bot
    ENCRYPTING = sentences.NO_TLS  # AUTH TLS
    PLAIN_USER = sentences.PLAINTEXT  # USER without TLS
    LOGIN = sentences.LOGIN  # USER, PASS
    PROTECTING = sentences.NO_PROTECTION  # PBSZ, PROT P
    ENTERING = sentences.FOLDER  # CWD
    ASKING_SIZE = sentences.NO_SIZE  # SIZE, where it is no 550
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
            sentences.CERTIFICATE, detail=f"the depot's certificate: {quoted(exc.verify_message, ())}"
        )
    if isinstance(exc, ssl.SSLError) and not isinstance(exc, ssl.SSLEOFError) and phase in _BEGINNING:
        return Refused(sentences.NO_TLS, detail=f"the depot's TLS: {quoted(exc.reason or '', ())}")
    if isinstance(exc, NoDataPort):
        return ConnectionBroken(f"no data port: {type(exc.__cause__).__name__}", sentences.NO_DATA_PORT)
    if not isinstance(exc, ftplib.Error):
        return ConnectionBroken(f"{phase.name.lower()}: {type(exc).__name__}")
    words = str(exc)
    said = f"the depot said at {phase.name.lower()}: {_shown(words, phase, secrets)}"
    if words[:3] in {"452", "552"} or (
        words[:1] in {"4", "5"} and phase is Phase.STORING and sound_full(words)
    ):
        return TryLater(sentences.FULL, scanner_failed=False, detail=said)
    if isinstance(exc, ftplib.error_perm) and phase is not Phase.TALKING:
        return Refused(phase.value, detail=said)
    refused = words[:1] == "4" and words[:3] not in _CONNECTION_LOST and phase in _WITH_FILES
    return ConnectionBroken(said, sentences.NO_REASON if refused else "")


def _shown(words: str, phase: Phase, secrets: tuple[str, ...]) -> str:
    # The reply to a login could contain the password in another form: its code is enough.
    return quoted(words[:3] if phase in {Phase.LOGIN, Phase.PLAIN_USER} else words, secrets)


def size_in(answer: str) -> int:
    """Return the size in a reply to SIZE, ``213 1234``.

    Raises:
        ftplib.Error: no size in it.
    """
    words = re.fullmatch(r"213 +([0-9]{1,18})\s*", answer)
    if words is None:
        raise ftplib.error_proto(answer)
    return int(words[1])
