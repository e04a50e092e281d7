"""What a shared file's name says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.file_names import APK_SET, APP_BUNDLE, file_type_of_name, unsupported_name
from bot.core.scan import FileType


@pytest.mark.parametrize(
    ("name", "file_type"),
    [
        ("shop-4.2.0.apk", FileType.APK),
        ("Shop.ipa", FileType.IPA),
        ("SHOP.IPA", FileType.IPA),
        ("shop.Apk  ", FileType.APK),
        ("shop.apk\n", FileType.APK),
        ("shop.apk.ipa", FileType.IPA),
        (".apk", FileType.APK),
    ],
)
def test_builds_are_known_by_their_ending(name: str, file_type: FileType):
    assert file_type_of_name(name) is file_type
    assert unsupported_name(name) is None


@pytest.mark.parametrize(
    "name", ["", "apk", "shop", "shop.zip", "shop.apk.zip", "shop.ipa.txt", "shop.apk.", "."]
)
def test_other_files_are_no_builds(name: str):
    assert file_type_of_name(name) is None
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
    assert unsupported_name(name) == sentence


@pytest.mark.parametrize("name", ["shop.aab", "SHOP.AAB "])
def test_app_bundles_are_builds_where_they_are_accepted(name: str):
    assert file_type_of_name(name) is FileType.AAB
    assert unsupported_name(name, accepts_aab=True) is None
    assert "listing `direct` in `ONETRUST_ROUTES`" in (unsupported_name(name) or "")


@given(st.text() | st.sampled_from([".aab", ".apk", ".apks"]))
def test_no_name_is_both_a_build_and_nearly_one(name: str):
    assert not (file_type_of_name(name) and unsupported_name(name, accepts_aab=True))
