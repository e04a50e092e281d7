"""A stand-in for Slack on loopback: Web API, Socket Mode, signed HTTP events, files, and people to act as.

Written from Slack's documents; each module names the pages. What is strict there is strict here.
"""

from sandbox.slack.app import EVENTS, SCOPES, App
from sandbox.slack.delivery import Delivery
from sandbox.slack.interactions import Invocation
from sandbox.slack.person import Person, Shared
from sandbox.slack.server import SlackSandbox
from sandbox.slack.service import CannotDo

__all__ = [
    "EVENTS",
    "SCOPES",
    "App",
    "CannotDo",
    "Delivery",
    "Invocation",
    "Person",
    "Shared",
    "SlackSandbox",
]
