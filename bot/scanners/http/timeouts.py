"""How long the parts of an upload over HTTP may take."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class UploadTimeouts:
    """The timeouts of one request that carries a build."""

    connect_s: float = 30.0
    """To resolve the host, connect, and shake hands (through a proxy as well)."""
    stall_s: float = 90.0
    """For one block of the body to be sent."""
    response_s: float = 300.0
    """From the last byte sent to the end of the response's headers."""
    response_body_s: float = 30.0
    min_bytes_per_s: float = 20_000.0
    """The slowest average speed of an upload."""

    def total_s(self, size_bytes: int) -> float:
        """Return how long a whole request may take."""
        waits_s = self.connect_s + self.stall_s + self.response_s + self.response_body_s
        return waits_s + size_bytes / self.min_bytes_per_s
