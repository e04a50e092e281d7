"""What the stand-in finds where a test doesn't say: the same for the same app, platform and version.

The first version of an app has the first SDKs and permissions of these lists, and each further version that
is scanned (whatever its number) has two SDKs and a permission more, in the order of the lists.
"""

from sandbox.onetrust.results import DataType, Permission, Results, Sdk

_FIRST_SDKS = 6
_MORE_SDKS = 2
_FIRST_PERMISSIONS = 4


def _sdk(category: str, vendor: str, name: str, android: str, ios: str, description: str) -> dict[str, Sdk]:
    return {
        platform: Sdk(
            package_id=package_id, name=name, vendor=vendor, category=category, description=description
        )
        for platform, package_id in (("ANDROID", android), ("IOS", ios))
    }


SDKS = (
    _sdk(
        "Strictly Necessary",
        "OneTrust",
        "OneTrust SDK",
        "com.onetrust.otpublishers.headless",
        "OTPublishersHeadlessSDK",
        "Asks for consent and keeps it.",
    ),
    _sdk("Functionality", "Square", "OkHttp", "okhttp3", "OkHttp", "An HTTP client."),
    _sdk(
        "Performance",
        "Google",
        "Firebase Analytics",
        "com.google.firebase.analytics",
        "FirebaseAnalytics",
        "Counts what people do in an app.",
    ),
    _sdk(
        "Performance",
        "Google",
        "Firebase Crashlytics",
        "com.google.firebase.crashlytics",
        "FirebaseCrashlytics",
        "Reports crashes.",
    ),
    _sdk("Functionality", "Airbnb", "Lottie", "com.airbnb.lottie", "Lottie", "Shows animations."),
    _sdk(
        "Unknown",
        "Unknown",
        "Commons Math",
        "org.apache.commons.math3",
        "CommonsMath",
        "A library for maths.",
    ),
    _sdk(
        "Targeting",
        "AppsFlyer",
        "AppsFlyer",
        "com.appsflyer",
        "AppsFlyerLib",
        "Attributes installs to advertisements.",
    ),
    _sdk("Targeting", "Meta", "Facebook SDK", "com.facebook", "FBSDKCoreKit", "Logs events for advertisers."),
    _sdk("Performance", "Sentry", "Sentry", "io.sentry", "Sentry", "Reports errors."),
    _sdk("Targeting", "Adjust", "Adjust", "com.adjust.sdk", "AdjustSdk", "Attributes installs."),
    _sdk("Functionality", "Stripe", "Stripe", "com.stripe.android", "Stripe", "Takes payments."),
    _sdk("Performance", "Datadog", "Datadog", "com.datadog.android", "DatadogCore", "Measures performance."),
)
"""In the order in which versions get them; each by platform."""


def _permission(category: str, name: str, sensitivity: str, description: str) -> Permission:
    return Permission(name=name, category=category, sensitivity=sensitivity, description=description)


PERMISSIONS = {
    "ANDROID": (
        _permission("Network", "android.permission.INTERNET", "LOW", "Opens network sockets."),
        _permission("Network", "android.permission.ACCESS_NETWORK_STATE", "LOW", "Looks at networks."),
        _permission("Device Hardware", "android.permission.CAMERA", "HIGH", "Takes pictures."),
        Permission(
            name="Use Fingerprint",
            category="Device Hardware",
            description="Deprecated in API level 28. Use USE_BIOMETRIC instead.",
            status="Deprecated",
            sensitivity="Sensitive",
        ),
        _permission("Location", "android.permission.ACCESS_FINE_LOCATION", "HIGH", "Knows the exact place."),
        _permission(
            "System Notifications", "android.permission.POST_NOTIFICATIONS", "MEDIUM", "Shows notifications."
        ),
        _permission("Contacts", "android.permission.READ_CONTACTS", "HIGH", "Reads the address book."),
    ),
    "IOS": (
        _permission("Device Hardware", "NSCameraUsageDescription", "HIGH", "Takes pictures."),
        _permission("Media", "NSPhotoLibraryUsageDescription", "MEDIUM", "Reads the photo library."),
        _permission("Device Hardware", "NSFaceIDUsageDescription", "LOW", "Asks for a face."),
        _permission("Network", "NSLocalNetworkUsageDescription", "LOW", "Looks for devices nearby."),
        _permission("Location", "NSLocationWhenInUseUsageDescription", "HIGH", "Knows the exact place."),
        _permission("Tracking", "NSUserTrackingUsageDescription", "HIGH", "Follows people across apps."),
        _permission("Contacts", "NSContactsUsageDescription", "HIGH", "Reads the address book."),
    ),
}
"""By platform, in the order in which versions get them."""

_DATA_TYPES = {
    "DEVICE_ID": DataType(sdk_count=2, purposes=["ANALYTICS"]),
    "CRASH_DATA": DataType(purposes=["APP_FUNCTIONALITY"]),
    "PRODUCT_INTERACTION": DataType(purposes=["ANALYTICS"], mismatches=["DATA_PURPOSE"]),
}
_LATER_DATA_TYPES = {
    "ADVERTISING_DATA": DataType(sdk_count=2, purposes=["THIRD_PARTY_ADVERTISING"], mismatches=["DATA_TYPE"]),
}


def results_of(platform: str, generation: int) -> Results:
    """Return what is found in the version of an app that was the ``generation``-th (from 0) to be scanned."""
    sdks = [sdk[platform] for sdk in SDKS[: _FIRST_SDKS + _MORE_SDKS * generation]]
    permissions = PERMISSIONS[platform][: _FIRST_PERMISSIONS + generation]
    data_types = _DATA_TYPES | (_LATER_DATA_TYPES if generation else {}) if platform == "IOS" else {}
    return Results(sdks=sdks, permissions=permissions, data_types=data_types)
