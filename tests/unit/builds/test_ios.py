"""Reading ``Info.plist``, XML and binary, whatever is in it."""

import datetime as dt
import io
import plistlib
from typing import Any

import pytest

from bot.builds.detect import read_build
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.core.scan import Build, FileType
from sandbox.builds import make_ipa, make_zip


def build(**about: Any) -> Build:
    return read_build(io.BytesIO(make_ipa(**about)))


def problem_of_plist(plist: bytes) -> BuildProblem:
    with pytest.raises(BuildProblemError) as caught:
        read_build(io.BytesIO(make_zip({"Payload/X.app/Info.plist": plist})))
    return caught.value.problem


@pytest.mark.parametrize("binary", [True, False])
def test_all_that_is_read(binary: bool):  # noqa: FBT001 - a parameter of the test
    found = build(
        bundle_id="org.example.Shop",
        name="Shöp",
        display_name="Shöp 😀",
        version="4.2.0",
        build_number="402",
        binary=binary,
        frameworks=["Alamofire", "Zip"],
    )
    assert found == Build(
        file_type=FileType.IPA,
        bundle_id="org.example.Shop",
        display_name="Shöp 😀",
        bundle_name="Shöp",
        version="4.2.0",
        build_number="402",
    )


def test_all_but_the_identifier_may_be_missing():
    found = build(bundle_id="a.b", version=None, build_number=None)
    assert found == Build(file_type=FileType.IPA, bundle_id="a.b")
    assert found.name == "a.b"


def test_values_of_other_types():
    found = build(
        bundle_id="a.b",
        info={
            "CFBundleVersion": 402,
            "CFBundleShortVersionString": 4.2,
            "CFBundleName": ["Shop"],
            "CFBundleDisplayName": dt.datetime(2026, 1, 1),  # noqa: DTZ001 - plists know no zones
        },
    )
    assert found == Build(file_type=FileType.IPA, bundle_id="a.b", version="4.2", build_number="402")


def test_words_are_cleaned():
    found = build(bundle_id="a.b", display_name="Sh\nop\u202e " + "x" * 1000)
    assert found.display_name == ("Sh op " + "x" * 1000)[:255]


@pytest.mark.parametrize(
    "plist",
    [
        b"",
        b"bplist00",
        b"bplist00" + b"\xff" * 100,
        b"<plist",
        b"{ CFBundleIdentifier = old.style",
        b"{ CFBundleIdentifier = old style; }",
        b"{ CFBundleIdentifier = old.style; } { }",
        b"( CFBundleIdentifier, old.style )",
        plistlib.dumps([]),
        plistlib.dumps({}),
        plistlib.dumps({"CFBundleIdentifier": 7}),
        plistlib.dumps({"CFBundleIdentifier": ""}),
        plistlib.dumps({"CFBundleIdentifier": "$(PRODUCT_BUNDLE_IDENTIFIER)"}),
        plistlib.dumps({"CFBundleIdentifier": "<!channel>"}),
        plistlib.dumps({"CFBundleIdentifier": "x" * 256}),
        (
            b'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "a.b">]><plist><dict>'
            b"<key>CFBundleIdentifier</key><string>&a;</string></dict></plist>"
        ),
    ],
)
def test_plists_that_can_not_be_used(plist: bytes):
    assert problem_of_plist(plist) is BuildProblem.BAD_PLIST


@pytest.mark.parametrize("number", [b"0x1" + b"0" * 10_000, b"1" + b"0" * 5000])
def test_a_number_too_long_to_be_written_out_is_left_out(number: bytes):
    plist = plistlib.dumps({"CFBundleIdentifier": "a.b", "CFBundleVersion": 1})
    plist = plist.replace(b">1<", b">" + number + b"<")
    found = read_build(io.BytesIO(make_zip({"Payload/X.app/Info.plist": plist})))
    assert found == Build(file_type=FileType.IPA, bundle_id="a.b")


def test_a_plist_nested_too_deeply():
    """A binary plist in which each array holds the next: it recurses in plistlib."""
    depth = 5000
    objects = b"".join(b"\xa1" + (number + 1).to_bytes(2, "big") for number in range(depth)) + b"\x08"
    offsets = b"".join((8 + 3 * number).to_bytes(2, "big") for number in range(depth + 1))
    trailer = (
        bytes(6) + b"\x02\x02" + b"".join(n.to_bytes(8, "big") for n in (depth + 1, 0, 8 + len(objects)))
    )
    assert problem_of_plist(b"bplist00" + objects + offsets + trailer) is BuildProblem.BAD_PLIST


def test_a_plist_larger_than_any():
    plist = plistlib.dumps({"CFBundleIdentifier": "a.b", "filler": "x" * 4 * 1024 * 1024})
    assert problem_of_plist(plist) is BuildProblem.TOO_LARGE_INSIDE
