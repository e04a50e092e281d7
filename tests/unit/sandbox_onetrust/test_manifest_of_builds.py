"""What the scanner reads of a build's beginning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.builds import make_apk, make_ipa, make_zip
from sandbox.onetrust.manifest import Manifest, read_manifest


def field(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


@pytest.mark.parametrize("utf16", [True, False])
def test_an_apk_names_its_package_and_version(utf16):
    apk = make_apk(
        package="com.example.shop", version_name="4.2 β", label="Shop", utf16=utf16, nameless=False
    )

    assert read_manifest(apk) == Manifest(identifier="com.example.shop", version="4.2 β")


def test_a_version_in_the_resources_is_not_seen():
    apk = make_apk(package="com.example.shop", version_name="4.2", version_in_resources=True, nameless=True)

    assert read_manifest(apk) == Manifest(identifier="com.example.shop")


@pytest.mark.parametrize("binary", [True, False])
def test_an_ipa_names_its_bundle_and_version(binary):
    ipa = make_ipa(bundle_id="com.example.shop", version="4.2", binary=binary, frameworks=["A"])

    assert read_manifest(ipa[:-50]) == Manifest(identifier="com.example.shop", version="4.2")


def test_an_app_bundle_names_its_package_and_version():
    version = field(2, b"versionName") + field(3, b"4.2") + bytes([5 << 3, 0x9C, 0x84, 0x84, 0x08])
    package = field(2, b"package") + field(3, b"com.example.shop")
    element = field(3, b"manifest") + field(4, version) + field(4, package)
    aab = make_zip({"BundleConfig.pb": b"", "base/manifest/AndroidManifest.xml": field(1, element)})

    assert read_manifest(aab) == Manifest(identifier="com.example.shop", version="4.2")


@given(st.binary(max_size=300), st.integers(0, 300))
def test_nothing_is_known_of_anything_else(noise, at):
    apk = make_apk(package="com.example.shop")

    assert read_manifest(noise) == Manifest()
    assert isinstance(read_manifest(apk[:at] + noise + apk[at:]), Manifest)
