"""Reading builds that are sent here.

The webhook takes exactly the parts ``file`` and ``dataFields``, in any order, the Applications API ``file``
alone. The build is hashed as it comes and never kept. Anything else than what the documents show is refused.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from sandbox.faults import Fault
from sandbox.front import Cut, Refusal
from sandbox.onetrust.manifest import HEAD_BYTES

LIMIT_BYTES = 64_000_000
"""A build of this size or more is answered 413 by the webhook."""
DIRECT_LIMIT_BYTES = 524_288_001
"""A build of this size or more is answered 413 by the Applications API."""

_FIELDS_LIMIT = 64 * 1024
_CHUNK = 256 * 1024
_ENDINGS = {"IOS": ".ipa", "ANDROID": ".apk"}
_DIRECT_ENDINGS = {"IOS": (".ipa",), "ANDROID": (".apk", ".aab")}

ZIP_START = b"PK\x03\x04"
"""What an archive begins with."""
ZIP_END = b"PK\x05\x06"
"""What the record at its end begins with."""
ZIP_END_REACH = 22 + 0xFFFF
"""The bytes of that record, and of the longest comment that may follow it."""


@dataclass(kw_only=True)
class Upload:
    """One upload, as it comes."""

    fields: dict[str, str] = field(default_factory=dict)
    file_name: str | None = None
    size_bytes: int = 0
    sha256: str = ""
    head: bytes = b""
    """The beginning of the file, for its manifest."""

    @property
    def platform(self) -> str:
        """``IOS`` or ``ANDROID``."""
        return self.fields["platform"]


async def read_upload(request: web.Request, fault: Fault | None) -> Upload:
    """Read and check a whole upload; ``fault`` may hold it or cut it on the way.

    Raises:
        Refusal: it is not what the webhook takes.
        Cut: the fault says so.
        ConnectionError: the client went away.
    """
    upload = await _read_parts(request, fault, {"file", "dataFields"}, LIMIT_BYTES)
    if not (upload.file_name or "").endswith(_ENDINGS[upload.platform]):
        raise Refusal(400, "the file's name does not end as the platform's do")
    return upload


async def read_build(request: web.Request, fault: Fault | None, platform: str) -> Upload:
    """Read and check what is put to an application to scan it; raises as ``read_upload`` does."""
    upload = await _read_parts(request, fault, {"file"}, DIRECT_LIMIT_BYTES)
    if not (upload.file_name or "").endswith(_DIRECT_ENDINGS[platform]):
        raise Refusal(400, "the file's name does not end as the application's platform's do")
    return upload


async def _read_parts(
    request: web.Request, fault: Fault | None, wanted: set[str], limit_bytes: int
) -> Upload:
    if request.content_type != "multipart/form-data" or "boundary" not in request.headers["Content-Type"]:
        raise Refusal(400, "not multipart/form-data with a boundary")
    upload = Upload()
    seen: set[str] = set()
    try:
        async for part in await request.multipart():
            name = part.name if isinstance(part, BodyPartReader) else None
            if not isinstance(part, BodyPartReader) or name not in wanted or name in seen:
                raise Refusal(400, f"a part other than {' and '.join(sorted(wanted))}, or one of them twice")
            seen.add(name)
            if name == "file":
                await _read_file(part, upload, fault, limit_bytes)
            else:
                upload.fields = await _read_fields(part)
    except (ValueError, AssertionError) as exc:  # aiohttp's ways of saying that this is no multipart
        raise Refusal(400, "broken multipart") from exc
    if seen != wanted:
        raise Refusal(400, "a part is missing")
    return upload


async def _read_file(part: BodyPartReader, upload: Upload, fault: Fault | None, limit_bytes: int) -> None:
    upload.file_name = part.filename
    if not upload.file_name:
        raise Refusal(400, "the file has no name")
    digest, start, end = hashlib.sha256(), b"", b""
    held = False
    while not part.at_eof():
        chunk = await part.read_chunk(_CHUNK)
        upload.size_bytes += len(chunk)
        if upload.size_bytes >= limit_bytes:
            raise Refusal(413, "the file is too big")
        digest.update(chunk)
        upload.head += chunk[: HEAD_BYTES - len(upload.head)]
        start = (start + chunk)[:4]
        end = (end + chunk)[-ZIP_END_REACH:]
        if fault is not None and not held and fault.gate is not None and upload.size_bytes > fault.hold_after:
            held = True
            await fault.hold()
        if fault is not None and fault.cut_after is not None and upload.size_bytes >= fault.cut_after:
            raise Cut
    if start != ZIP_START or ZIP_END not in end:
        raise Refusal(400, "the file is no zip archive")
    upload.sha256 = digest.hexdigest()


async def _read_fields(part: BodyPartReader) -> dict[str, str]:
    if part.filename is not None:
        raise Refusal(400, "dataFields is a file")
    text = b""
    while not part.at_eof():
        text += await part.read_chunk(_CHUNK)
        if len(text) > _FIELDS_LIMIT:
            raise Refusal(400, "dataFields is too long")
    fields: Any = json.loads(text)  # what it raises is a ValueError
    if not isinstance(fields, dict) or set(fields) not in ({"name", "platform"}, {"appId", "platform"}):
        raise Refusal(400, "dataFields has other keys than it should")
    if not all(isinstance(value, str) and value.strip() for value in fields.values()):
        raise Refusal(400, "an empty value, or one that is no text")
    if fields["platform"] not in _ENDINGS:
        raise Refusal(400, "platform is neither IOS nor ANDROID")
    return fields
