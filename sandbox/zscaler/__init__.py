"""A stand-in for Zscaler Internet Access: its cloud service, Sandbox submission and app governance APIs.

With them comes the authorization server of a customer, which is no part of Zscaler. Written from Zscaler's
documents alone, and strict where they are: https://help.zscaler.com/zia/getting-started-zia-api,
https://help.zscaler.com/zia/understanding-rate-limiting and
https://help.zscaler.com/zia/api-response-codes-and-error-messages.
"""

from sandbox.zscaler.records import Activation, GovernanceCall, Login, Logout, LookUp, ReportCall, Submission
from sandbox.zscaler.reports import Verdict
from sandbox.zscaler.server import ZscalerSandbox
from sandbox.zscaler.world import World

__all__ = [
    "Activation",
    "GovernanceCall",
    "Login",
    "Logout",
    "LookUp",
    "ReportCall",
    "Submission",
    "Verdict",
    "World",
    "ZscalerSandbox",
]
