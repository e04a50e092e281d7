"""The FTP, FTPS or SFTP server from which OneTrust fetches builds."""

from bot.scanners.onetrust.file_server.ftp import connect_ftp
from bot.scanners.onetrust.file_server.resumable_upload import FileServer
from bot.scanners.onetrust.file_server.session import Connect, FileServerTimeouts
from bot.scanners.onetrust.file_server_address import FileServerAddress

__all__ = ["FileServer", "FileServerAddress", "FileServerTimeouts", "open_file_server"]


def open_file_server(address: FileServerAddress, *, timeouts: FileServerTimeouts | None = None) -> FileServer:
    """Return the file server at an address; it is connected only while it is used."""
    connect: Connect = connect_ftp
    if address.scheme == "sftp":
        from bot.scanners.onetrust.file_server.sftp import connect_sftp  # noqa: PLC0415 - importing asyncssh is a quarter of the start

        connect = connect_sftp
    return FileServer(address, connect, timeouts or FileServerTimeouts())
