"""Reading what names a third-party app: nothing secret stays in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.features.third_party_apps.app_ref import LENGTH_LIMIT, app_ref
from bot.features.third_party_apps.models import AppRef, RefKind

GUID = "22c49a0d-d21c-4792-aed1-8f163c982546"
GOOGLE = "1234567890-abc1def2.apps.googleusercontent.com"
ENTRA = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (GUID, GUID),
        (f" `{GUID.upper()}` ", GUID),
        (GOOGLE, GOOGLE),
        (f"<http://{GOOGLE}|{GOOGLE}>", GOOGLE),
        ("A0F7XDUAZ", "A0F7XDUAZ"),
        ("WA104381441", "WA104381441"),
        ("nmmhkkegccagdldgiimedpiccmgmieda", "nmmhkkegccagdldgiimedpiccmgmieda"),
    ],
)
def test_an_id_is_read(typed, meant):
    assert app_ref(typed) == AppRef(kind=RefKind.APP_ID, value=meant)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (
            f"<{ENTRA}?client_id={GUID.upper()}&amp;redirect_uri=https%3A%2F%2Fx&amp;state=S3CRET&amp;code=S3CRET>",
            f"{ENTRA}?client_id={GUID}",
        ),
        (f"&lt;<{ENTRA}?client_id={GUID}&amp;state=S3CRET>&gt;", f"{ENTRA}?client_id={GUID}"),
        (
            f"https://ana:S3CRET@accounts.google.com/o/oauth2/v2/auth?access_token=S3CRET&client_id={GOOGLE}#S3CRET",
            f"https://accounts.google.com/o/oauth2/v2/auth?client_id={GOOGLE}",
        ),
        (
            "<https://workspace.google.com/marketplace/app/zoom/364750910244?hl=en|zoom>",
            "https://workspace.google.com/marketplace/app/zoom/364750910244",
        ),
        (
            "https://slack.com/oauth/v2/authorize?scope=chat:write&client_id=12.34&state=S3CRET",
            "https://slack.com/oauth/v2/authorize?client_id=12.34",
        ),
        (
            "http://ACME.slack.com:80/marketplace/A0F7XDUAZ-example app",
            None,
        ),
        (
            "HTTPS://Slack.com/marketplace/A0F7XDUAZ-ex%20ample?tab=S3CRET",
            "https://slack.com/marketplace/A0F7XDUAZ-ex%20ample",
        ),
        (
            "https://appsource.microsoft.com/de-de/product/office/WA104381441?tab=Überblick",
            "https://appsource.microsoft.com/de-de/product/office/WA104381441",
        ),
        (
            "https://appexchange.salesforce.com/appxListingDetail?tab=x&listingId=a0N30000000pvMdEAI",
            "https://appexchange.salesforce.com/appxListingDetail?listingId=a0N30000000pvMdEAI",
        ),
        ("https://example.com/äpp", "https://example.com/%C3%A4pp"),
    ],
)
def test_of_a_link_stays_what_names_the_app(typed, meant):
    if meant is None:
        with pytest.raises(UsageError):
            app_ref(typed)
    else:
        assert app_ref(typed) == AppRef(kind=RefKind.URL, value=meant)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  ",
        "OneDrive",
        f"{GUID} {GUID}",
        "<@U0123456789>",
        "../../etc/passwd1",
        "https://localhost/app1",
        "https://127.0.0.1/app1",
        "https://[::1]/app1",
        "https://wiki.corp/app1",
        "https://example.com",
        "https://acme.slack.com/archives/C0123456789/p1790000000123456",
        "https://accounts.google.com/signin/v2/identifier?continue=S3CRET",
        "https://example.com:8443/app1",
        "https://example.com:99999/app1",
        "https://exa mple.com/app1",
        "https://",
        "ftp://example.com/app1",
        "javascript:alert(1)",
        f"{ENTRA}?state=S3CRET",
        "https://accounts.google.com/signin/oauth/consent?part=S3CRET",
        "https://example.com/" + "a" * LENGTH_LIMIT,
        "x1" * 5000,
    ],
)
def test_what_names_none_is_told_with_an_example_and_without_what_was_typed(typed):
    with pytest.raises(UsageError) as refused:
        app_ref(typed)
    assert refused.value.example.startswith("/appscan governance ")
    assert "S3CRET" not in refused.value.user_message + str(refused.value)


@given(st.text() | st.from_regex(r"https?://[a-z.]{1,9}/[^ ]{0,20}\?client_id=[^ ]{0,9}&state=S3CRET"))
@settings(max_examples=60)
def test_whatever_is_typed_it_is_read_or_refused(typed):
    try:
        read = app_ref(typed)
    except UsageError:
        return
    assert len(read.value) <= LENGTH_LIMIT
    assert read.value.isascii()
    assert read.value.isprintable()
    assert "S3CRET" not in read.value.partition("?")[2]
