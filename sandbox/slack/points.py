"""Everything that can go wrong at Slack; each part declares its own points."""

from sandbox.slack import delivery, downloads, interactions, response_urls, socket_mode, web_api

POINTS = (
    *delivery.POINTS,
    *socket_mode.POINTS,
    *web_api.POINTS,
    *downloads.POINTS,
    *response_urls.POINTS,
    *interactions.POINTS,
)
"""The points of faults of the Slack stand-in."""
