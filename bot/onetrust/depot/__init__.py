"""The depot: the FTP, FTPS or SFTP server from which OneTrust fetches builds."""

from bot.onetrust.depot.ftp import FtpDoor
from bot.onetrust.depot.port import Depot, Door, Patience, Uploaded
from bot.onetrust.depot.upload import Deposits
from bot.onetrust.file_server_address import FileServerAddress

__all__ = ["Depot", "FileServerAddress", "Patience", "Uploaded", "open_depot"]


def open_depot(address: FileServerAddress, *, patience: Patience | None = None) -> Depot:
    """Return the depot at an address; it is connected only while it is used."""
    patience = patience or Patience()
    return Deposits(address, _door(address), patience)


def _door(address: FileServerAddress) -> Door:
    if address.scheme != "sftp":
        return FtpDoor(address)
    from bot.onetrust.depot.sftp import SftpDoor  # noqa: PLC0415 - a quarter of each start, for SFTP alone

    return SftpDoor(address)
