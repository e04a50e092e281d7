"""The depot: the FTP, FTPS or SFTP server from which OneTrust fetches builds."""

from bot.scanners.onetrust.file_server.ftp import FtpEndpoint
from bot.scanners.onetrust.file_server.interfaces import (
    FileServer,
    FileServerEndpoint,
    FileServerTimeouts,
    Uploaded,
)
from bot.scanners.onetrust.file_server.resumable_upload import ResumableUploader
from bot.scanners.onetrust.file_server_address import FileServerAddress

__all__ = ["FileServer", "FileServerAddress", "FileServerTimeouts", "Uploaded", "open_file_server"]


def open_file_server(address: FileServerAddress, *, patience: FileServerTimeouts | None = None) -> FileServer:
    """Return the depot at an address; it is connected only while it is used."""
    patience = patience or FileServerTimeouts()
    return ResumableUploader(address, _door(address), patience)


def _door(address: FileServerAddress) -> FileServerEndpoint:
    if address.scheme != "sftp":
        return FtpEndpoint(address)
    from bot.scanners.onetrust.file_server.sftp import SftpEndpoint  # noqa: PLC0415 - a quarter of each start, for SFTP alone

    return SftpEndpoint(address)
