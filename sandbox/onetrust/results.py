"""What a scan finds, and the JSON that it is told in.

The shapes are those of OneTrust's published OpenAPI definition ("Cookie Consent", Applications):
https://developer.onetrust.com/onetrust/openapi/consent-preferences-cookie-consent.json.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

_HIGH_RISK = {"HIGH", "SENSITIVE"}


@dataclass(frozen=True, kw_only=True)
class Sdk:
    """One SDK in a build."""

    package_id: str
    name: str
    vendor: str | None = None
    category: str | None = "Unknown"
    """Strictly Necessary, Performance, Functionality, Targeting or Unknown."""
    description: str | None = None

    def told(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        return {
            "packageId": self.package_id,
            "name": self.name,
            "vendor": self.vendor,
            "category": self.category,
            "description": self.description,
        }


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One permission that a build asks for."""

    name: str
    category: str | None = None
    description: str | None = None
    status: str | None = "Active"
    """Published is the example ``Deprecated`` alone."""
    sensitivity: str | None = "LOW"
    """``HIGH``, ``MEDIUM`` and ``LOW`` are inferred; the published example is ``Sensitive``."""

    @property
    def is_high_risk(self) -> bool:
        """Whether it is counted so in the summary."""
        return (self.sensitivity or "").upper() in _HIGH_RISK

    def told(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        return {
            "name": self.name,
            "category": self.category,
            "description": self.description,
            "status": self.status,
            "sensitivity": self.sensitivity,
        }


@dataclass(frozen=True, kw_only=True)
class DataType:
    """What an iOS build's SDKs collect of one type of data, against the app's privacy manifest."""

    sdk_count: int = 1
    purposes: Sequence[str] = ("APP_FUNCTIONALITY",)
    mismatches: Sequence[str] = ()
    """Of ``DATA_TYPE`` (it is missing there), ``DATA_PURPOSE``, ``TRACKING``, ``USERLINK``, ``NONE``."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """All that a scan finds; ``data_types`` by name (``DEVICE_ID``, …) for iOS alone."""

    sdks: Sequence[Sdk] = ()
    permissions: Sequence[Permission] = ()
    data_types: Mapping[str, DataType] = field(default_factory=dict)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Read them from JSON with the names of this module's fields, for the control API.

        Raises:
            TypeError: a field is unknown, or one is missing.
        """
        known = dict(given)
        return cls(
            sdks=[Sdk(**each) for each in known.pop("sdks", ())],
            permissions=[Permission(**each) for each in known.pop("permissions", ())],
            data_types={name: DataType(**each) for name, each in known.pop("data_types", {}).items()},
            **known,
        )

    def summary(self) -> dict[str, Any]:
        """Return the counts, as the API tells them of a scan."""
        return {
            "sdkCount": len(self.sdks),
            "sdkCategories": dict(Counter(sdk.category or "Unknown" for sdk in self.sdks)),
            "permissionCount": len(self.permissions),
            "permissionCountHighRisk": sum(each.is_high_risk for each in self.permissions),
            "permissionCategories": dict(Counter(each.category or "Unknown" for each in self.permissions)),
        }

    def privacy_manifest(self) -> dict[str, Any]:
        """Return the summary of the privacy manifest, as the API tells it."""
        found = {name: set(each.mismatches) - {"NONE"} for name, each in self.data_types.items()}
        return {
            "editVersion": "1",
            "versions": ["1"],
            "countTotal": len(found),
            "countAligned": sum(not mismatches for mismatches in found.values()),
            "countMismatched": sum(bool(mismatches - {"DATA_TYPE"}) for mismatches in found.values()),
            "countMissing": sum("DATA_TYPE" in mismatches for mismatches in found.values()),
            "dataTypes": {
                name: {
                    "dataType": name,
                    "sdkCount": each.sdk_count,
                    "purposes": list(each.purposes),
                    "mismatches": list(each.mismatches),
                }
                for name, each in self.data_types.items()
            },
        }
