"""A stand-in for OneTrust: its token endpoint, webhooks of *Mobile App Scan* workflows, the Applications API.

Written from OneTrust's documents alone, and strict where they are:
https://developer.onetrust.com/onetrust/docs/scan-apps-via-api,
https://developer.onetrust.com/onetrust/docs/managing-oauth-20-client-credentials,
and the OpenAPI definition at
https://developer.onetrust.com/onetrust/openapi/consent-preferences-cookie-consent.json.
"""

from sandbox.front import Call
from sandbox.onetrust.records import App, Submission
from sandbox.onetrust.results import DataType, Permission, Results, Sdk
from sandbox.onetrust.scanning import Scan
from sandbox.onetrust.server import OneTrustSandbox

__all__ = [
    "App",
    "Call",
    "DataType",
    "OneTrustSandbox",
    "Permission",
    "Results",
    "Scan",
    "Sdk",
    "Submission",
]
