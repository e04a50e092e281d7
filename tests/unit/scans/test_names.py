"""What a shared file's name says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.scans.models import Platform
from bot.scans.names import APK_SET, APP_BUNDLE, is_build_name, platform_of_name, unsupported_name


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("shop-4.2.0.apk", Platform.ANDROID),
        ("Shop.ipa", Platform.IOS),
        ("SHOP.IPA", Platform.IOS),
        ("shop.Apk  ", Platform.ANDROID),
        ("shop.apk\n", Platform.ANDROID),
        ("shop.apk.ipa", Platform.IOS),
        (".apk", Platform.ANDROID),
    ],
)
def test_builds_are_known_by_their_ending(name: str, platform: Platform):
    assert is_build_name(name)
    assert platform_of_name(name) is platform
    assert unsupported_name(name) is None


@pytest.mark.parametrize(
    "name", ["", "apk", "shop", "shop.zip", "shop.apk.zip", "shop.ipa.txt", "shop.apk.", "."]
)
def test_other_files_are_no_builds(name: str):
    assert not is_build_name(name)
    assert platform_of_name(name) is None
    assert unsupported_name(name) is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a.aab", APP_BUNDLE),
        ("a.AAB ", APP_BUNDLE),
        ("a.apks", APK_SET),
        ("a.xapk", APK_SET),
        ("a.ApkM", APK_SET),
    ],
)
def test_near_builds_get_a_sentence(name: str, sentence: str):
    assert not is_build_name(name)
    assert unsupported_name(name) == sentence


@given(st.text())
def test_no_name_is_both_a_build_and_nearly_one(name: str):
    assert not (is_build_name(name) and unsupported_name(name))
