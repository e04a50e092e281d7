"""What kind of file it is, by its content: each kind, and each problem with its message."""

import io

import pytest

from bot.builds.detect import read_build
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.core.file_names import APK_SET, APP_BUNDLE
from bot.core.scan import Build, FileType
from sandbox.builds import make_apk, make_ipa, make_zip
from sandbox.bundles import make_aab

APK = make_apk(package="org.example.shop", version_name="4.2.0", version_code=402, label="Shop")
IPA = make_ipa(bundle_id="org.example.Shop", name="Shop", version="4.2.0", build_number="402")


def problem_of(data: bytes) -> BuildProblem:
    with pytest.raises(BuildProblemError) as caught:
        read_build(io.BytesIO(data))
    return caught.value.problem


def test_an_apk():
    assert read_build(io.BytesIO(APK)) == Build(
        file_type=FileType.APK,
        bundle_id="org.example.shop",
        display_name="Shop",
        version="4.2.0",
        build_number="402",
    )


def test_an_ipa():
    assert read_build(io.BytesIO(IPA)) == Build(
        file_type=FileType.IPA,
        bundle_id="org.example.Shop",
        bundle_name="Shop",
        version="4.2.0",
        build_number="402",
    )


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, BuildProblem.NO_BUILD),
        ({"holiday.jpg": b"jpeg"}, BuildProblem.NO_BUILD),
        ({"word/document.xml": b"<w/>", "[Content_Types].xml": b"<t/>"}, BuildProblem.NO_BUILD),
        ({"Shop/Payload/Shop.app/Info.plist": b"one folder too deep"}, BuildProblem.NO_BUILD),
        (
            {"Payload/Shop.app/Frameworks/A.framework/Info.plist": b"a framework's alone"},
            BuildProblem.NO_BUILD,
        ),
        ({"Payload/Info.plist": b""}, BuildProblem.NO_BUILD),
        ({"Shop.ipa": IPA}, BuildProblem.NO_BUILD),
        ({"manifest.json": b'{"name": "a web extension"}'}, BuildProblem.NO_BUILD),
        ({"BundleConfig.pb": b"\x0a\x02"}, BuildProblem.BAD_BUNDLE),
        (
            {"base/manifest/AndroidManifest.xml": b"\x0a\x02", "base/dex/classes.dex": b""},
            BuildProblem.BAD_BUNDLE,
        ),
        ({"base/manifest/AndroidManifest.xml": b"", "AndroidManifest.xml": b""}, BuildProblem.SEVERAL_APPS),
        (
            {"Payload/A.app/Info.plist": b"", "base/manifest/AndroidManifest.xml": b""},
            BuildProblem.SEVERAL_APPS,
        ),
        (
            {"base/manifest/AndroidManifest.xml": b"", "BASE\\manifest/./x/../AndroidManifest.XML": b""},
            BuildProblem.AMBIGUOUS,
        ),
        ({"toc.pb": b"\x0a\x02"}, BuildProblem.APK_SET),
        ({"splits/base-master.apk": APK}, BuildProblem.APK_SET),
        ({"org.example.shop.apk": APK, "config.fr.apk": APK}, BuildProblem.APK_SET),
        ({"Shop.APK": APK}, BuildProblem.APK_SET),
        (
            {"manifest.json": b'{"xapk_version": 2, "package_name" : "org.example.shop"}'},
            BuildProblem.APK_SET,
        ),
        ({"Payload/A.app/Info.plist": b"", "Payload/B.app/Info.plist": b""}, BuildProblem.SEVERAL_APPS),
        ({"Payload/A.app/Info.plist": b"", "AndroidManifest.xml": b""}, BuildProblem.SEVERAL_APPS),
        ({"Payload/A.app/Info.plist": b"not a plist"}, BuildProblem.BAD_PLIST),
        (
            {"AndroidManifest.xml": b'<?xml version="1.0"?><manifest package="a.b"/>'},
            BuildProblem.BAD_MANIFEST,
        ),
    ],
)
def test_archives_that_are_no_build(files: dict[str, bytes], expected: BuildProblem):
    assert problem_of(make_zip(files)) is expected


def test_apks_within_an_apk_are_its_own_business():
    data = make_apk(package="a.b", files={"assets/plugin.apk": APK, "plugin.apk": APK, "toc.pb": b""})
    assert read_build(io.BytesIO(data)).bundle_id == "a.b"


def test_an_app_bundle():
    data = make_aab(package="org.example.shop", version_name="4.2.0", version_code=402, label="Shop")
    assert read_build(io.BytesIO(data)) == Build(
        file_type=FileType.AAB,
        bundle_id="org.example.shop",
        display_name="Shop",
        version="4.2.0",
        build_number="402",
    )


@pytest.mark.parametrize("build", [APK, IPA])
def test_a_build_cut_short(build: bytes):
    assert problem_of(build[: len(build) // 2]) is BuildProblem.CUT_SHORT


def test_every_problem_has_a_message_of_its_own():
    messages = {BuildProblemError(one).user_message for one in BuildProblem}
    assert len(messages) == len(BuildProblem)
    for message in messages:
        what, _, advice = message.partition(". ")
        assert what
        assert advice.endswith(".")
    assert BuildProblemError(BuildProblem.APP_BUNDLE).user_message == APP_BUNDLE
    assert BuildProblemError(BuildProblem.APK_SET).user_message == APK_SET
