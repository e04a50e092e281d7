"""Every form of a property list that Apple's reader takes, and what it doesn't."""

import io
import plistlib
import struct

import pytest

from bot.builds.detect import read_build
from bot.builds.ios import read_plist
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.core.scan import Build, FileType
from sandbox.builds import make_zip
from tests.unit.builds.test_plists import IDENTIFIER, bplist, ref

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
DOCTYPE = (
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">'
)
DICT = (
    "<dict><key>CFBundleIdentifier</key><string>a.b</string>"
    "<key>CFBundleDisplayName</key><string>Tälly</string>{}</dict>"
)
PLIST = f'<plist version="1.0">{DICT}</plist>'
WHOLE = DECLARATION + DOCTYPE + PLIST.format("")
TALLY = Build(file_type=FileType.IPA, bundle_id="a.b", display_name="Tälly")


def problem_of(plist: bytes) -> BuildProblem:
    with pytest.raises(BuildProblemError) as caught:
        read_plist(plist)
    return caught.value.problem


@pytest.mark.parametrize(
    "before",
    [
        *("", "\n", " \t\r\n", DECLARATION, "\n" + DECLARATION, DECLARATION + DOCTYPE, DOCTYPE),
        *(
            "<!-- a tool's -->\n",
            "<!-- a --><!-- - -- b -->" + DECLARATION,
            DECLARATION + "<!-- a -->" + DOCTYPE,
        ),
        *("<?tool does?>", DECLARATION + "<?tool does?>" + DOCTYPE, "\ufeff\n" + DECLARATION),
    ],
)
@pytest.mark.parametrize("after", ["", "\n\n", "\0\0\0", "<!-- end -->", "junk", "<plist/>", "</plist>"])
def test_what_is_before_and_after_is_no_matter(before: str, after: str):
    assert read_plist((before + PLIST.format("") + after).encode()) == TALLY


def test_dictionary_needs_no_plist_around_it():
    assert read_plist(DICT.format("").encode()) == TALLY
    assert read_plist((DECLARATION + DICT.format("")).encode()) == TALLY


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("text", [WHOLE, PLIST.format(""), "\n" + WHOLE, "{CFBundleIdentifier=a.b;}"])
def test_wide_and_marked_encodings(codec: str, text: str):
    assert read_plist(text.encode(codec)).bundle_id == "a.b"


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("macintosh", "mac-roman"),
        ("x-mac-roman", "mac-roman"),
        ("UTF-16", "utf-16"),
    ],
)
def test_declared_encodings(declared: str, codec: str):
    for quote in "\"'":
        text = WHOLE.replace('"UTF-8"', f"{quote}{declared}{quote}")
        assert read_plist(text.encode(codec)) == TALLY


def test_bytes_that_are_not_in_the_encoding_are_refused():
    assert problem_of(WHOLE.encode("latin-1")) is BuildProblem.BAD_PLIST
    assert problem_of(WHOLE.replace("UTF-8", "UTF-16").encode()) is BuildProblem.BAD_PLIST


@pytest.mark.parametrize(
    "unrelated",
    [
        "<date>0000-12-30T00:00:00Z</date>",
        "<date>123456-01-01T00:00:00Z</date>",
        "<date>soon</date>",
        "<data>!!!</data>",
        "<integer>many</integer>",
        "<integer>" + "9" * 5000 + "</integer>",
        "<real>wide</real>",
        "<array><dict><key>a</key><array/></dict><string>b</string></array>",
        "<dict><key>CFBundleIdentifier</key><string>c.d</string></dict>",
        "<true/>",
        "<unheard><of/></unheard>",
    ],
)
def test_values_of_unrelated_keys_are_no_matter(unrelated: str):
    assert read_plist(PLIST.format(f"<key>Odd</key>{unrelated}").encode()) == TALLY


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<integer>7</integer>", "7"),
        ("<integer> +7\n</integer>", "7"),
        ("<integer>-7</integer>", "-7"),
        ("<integer>0x1F</integer>", "31"),
        ("<integer>-0X1f</integer>", "-31"),
        ("<integer>0007</integer>", "7"),
        ("<integer>18446744073709551615</integer>", "18446744073709551615"),
        ("<real>2.5</real>", "2.5"),
        ("<real> 2.50 </real>", "2.5"),
        ("<string>2<!-- or 3 -->.5</string>", "2.5"),
        ("<string><![CDATA[2.5]]></string>", "2.5"),
        ("<string>&#50;.&#x35;</string>", "2.5"),
        ("<integer></integer>", None),
        ("<true/>", None),
    ],
)
def test_forms_of_numbers_and_texts(value: str, expected: str | None):
    found = read_plist(PLIST.format(f"<key>CFBundleVersion</key>{value}").encode())
    assert found.build_number == expected


@pytest.mark.parametrize(
    "inside",
    [
        "<key>a</key>",
        "<string>a</string>",
        "<key>a</key><key>b</key><string>c</string>",
        "<key>a</key><string><b/></string>",
        "<key>a</key><string>b</string><string>c</string>",
    ],
)
def test_dictionaries_that_are_none(inside: str):
    assert problem_of(PLIST.format(inside).encode()) is BuildProblem.BAD_PLIST


@pytest.mark.parametrize(
    "text",
    [
        '{ CFBundleIdentifier = "a.b"; CFBundleVersion = 7; CFBundleShortVersionString = "2.5"; }',
        "{CFBundleIdentifier=a.b;CFBundleVersion=7;CFBundleShortVersionString=2.5}",
        "// a comment\n/* another **/ { 'CFBundleIdentifier' = 'a.b'; CFBundleVersion = 7; "
        "CFBundleShortVersionString = 2.5; }\n",
        '{ Odd = (a, "b;", { c = d; }, <0fbd77 1c>,); Data = <00>; Inner = { CFBundleIdentifier = c.d; }; '
        "CFBundleIdentifier = a.b; CFBundleShortVersionString = 2.5; CFBundleVersion = 7; }",
        '"CFBundleIdentifier" = "a.b";\nCFBundleVersion = 7;\nCFBundleShortVersionString = "\\062\\U002e5";',
    ],
)
def test_old_style(text: str):
    found = read_plist(text.encode())
    assert found == Build(file_type=FileType.IPA, bundle_id="a.b", version="2.5", build_number="7")


def test_escapes_in_old_style():
    text = r'{ CFBundleIdentifier = a.b; CFBundleDisplayName = "T\U00e4lly \"1\"\n\U0041\101"; }'
    assert read_plist(text.encode()).display_name == 'Tälly "1" AA'


@pytest.mark.parametrize(
    "text",
    ["{", "}", "{ a }", "{ = b; }", "{ a = ; }", "{ a = { b = c; ; }", '{ a = "b; }', "a = b c;", "/*", '"'],
)
def test_old_style_that_is_none(text: str):
    assert problem_of(text.encode()) is BuildProblem.BAD_PLIST


def test_two_identifiers_are_refused():
    twice = "<key>CFBundleIdentifier</key><string>c.d</string>"
    assert problem_of(PLIST.format(twice).encode()) is BuildProblem.AMBIGUOUS
    assert problem_of(b"{CFBundleIdentifier=a.b;CFBundleIdentifier=c.d;}") is BuildProblem.AMBIGUOUS
    binary = bplist([b"\xd2" + ref(1, 1, 2, 3), IDENTIFIER, b"\x53a.b", b"\x53c.d"])
    assert problem_of(binary) is BuildProblem.AMBIGUOUS
    assert read_plist(PLIST.format(twice.replace("c.d", "a.b")).encode()) == TALLY


KEY = b"\x5f\x10\x0fCFBundleVersion"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\x10\x07", "7"),
        (b"\x11\x01\x00", "256"),
        (b"\x12\xff\xff\xff\xff", "4294967295"),
        (b"\x13" + b"\xff" * 8, "-1"),
        (b"\x14" + bytes(8) + b"\xff" * 8, "18446744073709551615"),
        (b"\x22" + struct.pack(">f", 2.5), "2.5"),
        (b"\x23" + struct.pack(">d", 2.5), "2.5"),
        (b"\x53" + b"2.5", "2.5"),
        (b"\x63" + "2.5".encode("utf-16-be"), "2.5"),
        (b"\x33" + struct.pack(">d", 1e300), None),
        (b"\x33" + struct.pack(">d", float("nan")), None),
        (b"\x0f", None),
        (b"\xf0", None),
        (b"\x5f", None),
        (b"\x5f\x13" + b"\xff" * 8, None),
        (b"\x80\x01", None),
        (b"\x09", None),
    ],
)
def test_forms_of_values_in_binary(value: bytes, expected: str | None):
    objects = [b"\xd2" + ref(1, 2, 3, 4), IDENTIFIER, KEY, b"\x53a.b", value]
    assert read_plist(bplist(objects)) == Build(
        file_type=FileType.IPA, bundle_id="a.b", build_number=expected
    )


def test_other_versions_of_binary_are_read():
    objects = [b"\xd1" + ref(1, 2), IDENTIFIER, b"\x53a.b"]
    assert read_plist(bplist(objects).replace(b"bplist00", b"bplist01")).bundle_id == "a.b"


def test_an_identifier_with_a_broken_byte_is_none():
    assert problem_of(bplist([b"\xd1" + ref(1, 2), IDENTIFIER, b"\x54a.\xffb"])) is BuildProblem.BAD_PLIST


@pytest.mark.parametrize(
    "device", ["~iphone", "~ipad", "~ipod", "-iphoneos", "-iphoneos~iphone", "-iphoneos~ipad"]
)
def test_names_for_some_devices(device: str):
    values = {
        "CFBundleIdentifier": "a.b",
        f"CFBundleDisplayName{device}": "Tally",
        f"CFBundleVersion{device}": "7",
    }
    found = read_plist(plistlib.dumps(values))
    assert (found.display_name, found.build_number) == ("Tally", "7")
    general = plistlib.dumps(values | {"CFBundleDisplayName": "Everywhere"})
    assert read_plist(general).display_name == "Everywhere"


def app(info: dict[str, object], files: dict[str, bytes]) -> Build:
    plist = plistlib.dumps({"CFBundleIdentifier": "a.b", "CFBundleName": "tallyapp"} | info)
    folder = "Payload/Tally.app/"
    entries = {folder + "Info.plist": plist} | {folder + name: data for name, data in files.items()}
    return read_build(io.BytesIO(make_zip(entries)))


def named(name: str) -> bytes:
    return plistlib.dumps({"CFBundleDisplayName": name}, fmt=plistlib.FMT_BINARY)


@pytest.mark.parametrize(
    "strings",
    [
        named("Tally Count"),
        plistlib.dumps({"CFBundleDisplayName": "Tally Count"}),
        b'/* Localized */\n"CFBundleDisplayName" = "Tally Count";\n',
        'CFBundleDisplayName = "Tally Count";'.encode("utf-16"),
    ],
)
def test_name_that_only_localized_strings_have(strings: bytes):
    found = app({}, {"en.lproj/InfoPlist.strings": strings})
    assert (found.display_name, found.bundle_name) == ("Tally Count", "tallyapp")
    assert app({"CFBundleDisplayName": "Own"}, {"en.lproj/InfoPlist.strings": strings}).display_name == "Own"


def test_language_of_localized_strings():
    files = {f"{one}.lproj/InfoPlist.strings": named(one) for one in ("aa", "de", "en-GB", "en", "zz")}
    assert app({}, files).display_name == "en"
    assert app({"CFBundleDevelopmentRegion": "de"}, files).display_name == "de"
    assert app({"CFBundleDevelopmentRegion": "en_GB"}, files).display_name == "en-GB"
    assert app({"CFBundleDevelopmentRegion": "fr"}, files).display_name == "en"
    assert app({}, {"zz.lproj/InfoPlist.strings": named("zz")}).display_name == "zz"
    assert app({}, files | {"en.lproj/InfoPlist.strings": b"\xff" * 9}).display_name == "en-GB"


def test_names_in_a_table_of_languages():
    table = {
        "LocProvenance": {"a": "b"},
        "de": {"CFBundleDisplayName": "Zähler"},
        "en": {"CFBundleDisplayName": "Tally"},
    }
    for form in (plistlib.FMT_BINARY, plistlib.FMT_XML):
        files = {"InfoPlist.loctable": plistlib.dumps(table, fmt=form)}
        assert app({}, files).display_name == "Tally"
        assert app({"CFBundleDevelopmentRegion": "de"}, files).display_name == "Zähler"


def test_localized_strings_that_can_not_be_read_leave_the_name_out():
    for data in (b"", b"\xff\xfe", b"bplist00", b"<plist>", bytes(2 * 1024 * 1024)):
        found = app({}, {"en.lproj/InfoPlist.strings": data, "InfoPlist.loctable": data})
        assert (found.bundle_id, found.display_name, found.name) == ("a.b", None, "tallyapp")
    deeper = app({}, {"Frameworks/F.framework/en.lproj/InfoPlist.strings": named("F")})
    assert deeper.display_name is None
