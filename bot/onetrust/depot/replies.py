"""What an FTP server's answers mean, by their code and by what had been asked.

======  ============================  ==========  =================================================
Code    Asked for                     Verdict     What happens next
======  ============================  ==========  =================================================
452     anything                      TryLater    the server is full
552     anything                      TryLater    the server is full, or this login's share of it is
4xx     anything                      Broken      another connection; where none does, 421, 425 and
                                                  426 tell of it, the others of the folder or disk
5xx     a greeting                    Broken      another connection
5xx     anything else                 Refused     a person mends it: see ``Phase``
others                                Broken      another connection: this is no FTP
======  ============================  ==========  =================================================

Some servers say that they are full with another code; then their words are looked at, for this alone.

Source: RFC 959, section 4.2; RFC 4217, section 10.
"""

import ftplib
import re
import ssl
from enum import Enum

from bot.errors import Refused, TryLater
from bot.onetrust.depot import sentences
from bot.onetrust.depot.port import Broken
from bot.onetrust.depot.wire import NoDataPort
from bot.onetrust.depot.words import quoted, sound_full


class Phase(Enum):
    """What was asked for, with what a clear no means."""

    TALKING = ""  # a greeting or a goodbye: a no there is none of ours
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


def verdict(exc: Exception, phase: Phase, secrets: tuple[str, ...]) -> Exception:
    """Return what an error of the wire means; ``secrets`` are kept out of its text."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return Refused(
            sentences.CERTIFICATE, detail=f"the depot's certificate: {quoted(exc.verify_message, ())}"
        )
    if isinstance(exc, ssl.SSLError) and not isinstance(exc, ssl.SSLEOFError) and phase in _BEGINNING:
        return Refused(sentences.NO_TLS, detail=f"the depot's TLS: {quoted(exc.reason or '', ())}")
    if isinstance(exc, NoDataPort):
        return Broken(f"no data port: {type(exc.__cause__).__name__}", sentences.NO_DATA_PORT)
    if not isinstance(exc, ftplib.Error):
        return Broken(f"{phase.name.lower()}: {type(exc).__name__}")
    words = str(exc)
    said = f"the depot said at {phase.name.lower()}: {_shown(words, phase, secrets)}"
    if words[:3] in {"452", "552"} or (
        words[:1] in {"4", "5"} and phase is Phase.STORING and sound_full(words)
    ):
        return TryLater(sentences.FULL, scanner_failed=False, detail=said)
    if isinstance(exc, ftplib.error_perm) and phase is not Phase.TALKING:
        return Refused(phase.value, detail=said)
    refused = words[:1] == "4" and words[:3] not in _CONNECTION_LOST and phase in _WITH_FILES
    return Broken(said, sentences.NO_REASON if refused else "")


def _shown(words: str, phase: Phase, secrets: tuple[str, ...]) -> str:
    # As it answers a login a server could give the password back in other words: its code says enough.
    return quoted(words[:3] if phase in {Phase.LOGIN, Phase.PLAIN_USER} else words, secrets)


def size_in(answer: str) -> int:
    """Read the answer to SIZE, ``213 1234``.

    Raises:
        ftplib.Error: there is no size in it.
    """
    words = re.fullmatch(r"213 +([0-9]{1,18})\s*", answer)
    if words is None:
        raise ftplib.error_proto(answer)
    return int(words[1])
