import email.parser
import email.policy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.scan import FileType, Kind
from bot.features.submission.routes import Order
from bot.scanners.http.build_file import BuildChanged, BuildFile
from bot.scanners.onetrust.request_body import BuildBody, data_fields, safe_file_name
from tests.fakes import FakeJournal


def order(**more) -> Order:
    about = {"number": 1, "kind": Kind.NEW, "file_type": FileType.APK, "name": "Shop", "app_id": None}
    about |= {"sha256": "ab" * 32}
    return Order(**(about | {"file_name": "shop.apk", "size_bytes": 1} | more))


def test_a_new_scan_names_the_app():
    assert json.loads(data_fields(order(app_id="ignored"))) == {"name": "Shop", "platform": "ANDROID"}


def test_a_rescan_names_the_app_id():
    told = data_fields(order(kind=Kind.RESCAN, app_id="a-1", file_type=FileType.IPA))

    assert json.loads(told) == {"appId": "a-1", "platform": "IOS"}


@given(st.text(min_size=1))
def test_any_name_survives_in_ascii(name):
    told = data_fields(order(name=name))

    assert told.isascii()
    assert "\r" not in told
    assert "\n" not in told
    assert json.loads(told)["name"] == name


@pytest.mark.parametrize(
    ("name", "file_type", "safe"),
    [
        ("shop-4.2.0.apk", FileType.APK, "shop-4.2.0.apk"),
        ("Shop.IPA", FileType.IPA, "Shop.ipa"),
        ("Läden (1).apk", FileType.APK, "L_den_1.apk"),
        ('a"; filename="b.apk', FileType.APK, "a_filename_b.apk"),
        ("a\r\nX-Evil: 1.apk", FileType.APK, "a_X-Evil_1.apk"),
        ("../../etc/passwd", FileType.APK, "passwd.apk"),
        ("C:\\builds\\shop.apk", FileType.APK, "shop.apk"),
        (".apk", FileType.APK, "build.apk"),
        ("", FileType.IPA, "build.ipa"),
        ("店", FileType.IPA, "build.ipa"),
        ("shop.apk", FileType.IPA, "shop.apk.ipa"),
        ("shop.AAB", FileType.AAB, "shop.aab"),
    ],
)
def test_file_names_are_made_safe(name, file_type, safe):
    assert safe_file_name(order(file_name=name, file_type=file_type)) == safe


@given(st.text(), st.sampled_from(FileType))
def test_no_file_name_breaks_the_header(name, file_type):
    safe = safe_file_name(order(file_name=name, file_type=file_type))
    header = f'Content-Disposition: form-data; name="file"; filename="{safe}"\r\n\r\n'
    part = email.parser.Parser(policy=email.policy.HTTP).parsestr(header)

    assert part.get_filename() == safe
    assert len(part.keys()) == 1
    assert safe.endswith(f".{file_type}")
    assert len(safe) <= 104


def test_a_build_that_is_gone_or_of_another_size_is_not_opened(tmp_path):
    (tmp_path / "build").write_bytes(b"12345")

    for path, size_bytes in [(tmp_path / "none", 5), (tmp_path / "build", 4), (tmp_path, 5)]:
        file = BuildFile(path, size_bytes)
        with pytest.raises(BuildChanged):
            file.open()
        file.close()


@pytest.mark.parametrize("change", [b"123", b"1234567"], ids=["shorter", "longer"])
def test_a_build_that_changes_is_read_no_further(tmp_path, change):
    path = tmp_path / "build"
    path.write_bytes(b"12345")
    file = BuildFile(path, 5)
    file.open()
    assert file.read(2) == b"12"

    path.write_bytes(change)

    with pytest.raises(BuildChanged):
        file.read(3)
    file.close()


def test_a_build_that_was_closed_stays_closed(tmp_path):
    path = tmp_path / "build"
    path.write_bytes(b"12345")
    file = BuildFile(path, 5)
    file.close()
    file.open()

    with pytest.raises(BuildChanged):
        file.read(5)


class Wire:
    """Takes what is written until its connection breaks."""

    def __init__(self, breaks_at: bytes) -> None:
        self.breaks_at = breaks_at
        self.written = b""

    async def write(self, chunk: bytes) -> None:
        self.written += chunk
        if self.breaks_at in chunk:
            raise ConnectionResetError


@pytest.mark.parametrize(("breaks_at", "committed"), [(b"Content-Disposition", False), (b"34567", True)])
async def test_a_break_while_the_last_bytes_go_is_after_the_commit(tmp_path, breaks_at, committed):
    path = tmp_path / "build"
    path.write_bytes(b"1234567")
    committing = []

    async def commit() -> None:
        committing.append(wire.written)

    wire = Wire(breaks_at)
    body = BuildBody(order(size_bytes=7), path, FakeJournal(commit), {})
    await body.open()
    with pytest.raises(ConnectionResetError):
        await body.write(wire)
    await body.settled()

    assert (body.begun, body.committed, body.complete) == (True, committed, False)
    assert len(committing) == committed
    assert body.failure is None
