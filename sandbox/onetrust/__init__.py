"""A stand-in for OneTrust: its token endpoint and the webhook of a *Mobile: Mobile App Scan* workflow.

Written from OneTrust's documents alone, and strict where they are:
https://developer.onetrust.com/onetrust/docs/scan-apps-via-api and
https://developer.onetrust.com/onetrust/docs/managing-oauth-20-client-credentials.
"""

from sandbox.onetrust.records import App, Call, Submission
from sandbox.onetrust.server import OneTrustSandbox

__all__ = ["App", "Call", "OneTrustSandbox", "Submission"]
