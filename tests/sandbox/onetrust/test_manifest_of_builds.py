"""What the scanner reads of a build's beginning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.builds import make_apk, make_ipa, make_zip
from sandbox.bundles import make_aab
from sandbox.onetrust.manifest import Manifest, read_manifest


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
    aab = make_aab(package="com.example.shop", version_name="4.2", label="Shop")

    assert read_manifest(aab) == Manifest(identifier="com.example.shop", version="4.2")
    unversioned = make_aab(package="com.example.shop", version_name="4.2", version_in_resources=True)
    assert read_manifest(unversioned) == Manifest(identifier="com.example.shop")


@given(st.binary(max_size=300), st.integers(0, 300))
def test_nothing_is_known_of_anything_else(noise, at):
    apk = make_apk(package="com.example.shop")

    assert read_manifest(noise) == Manifest()
    assert isinstance(read_manifest(apk[:at] + noise + apk[at:]), Manifest)


@given(st.binary(max_size=300))
def test_a_broken_manifest_brings_nothing_down(noise):
    for name in ("AndroidManifest.xml", "base/manifest/AndroidManifest.xml", "Payload/A.app/Info.plist"):
        assert isinstance(read_manifest(make_zip({name: noise})), Manifest)
