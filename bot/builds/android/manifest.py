"""The compiled ``AndroidManifest.xml``, read up to its application element.

Android's own attributes are identified by their resource IDs, as in Android: names may be obfuscated or
empty.
Source: ``ResourceTypes.h`` in AOSP (``ResXMLTree_*``) and ``R.attr`` for the IDs.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from bot.builds.android.chunks import NO_STRING, STRING_POOL, Chunk, StringPool, Value, chunks

_XML = 0x0003
_RESOURCE_MAP = 0x0180
_START_ELEMENT = 0x0102
_END_ELEMENT = 0x0103

LABEL = 0x01010001
VERSION_CODE = 0x0101021B
VERSION_NAME = 0x0101021C
VERSION_CODE_MAJOR = 0x01010576

Attributes = dict[int | str, Value]
"""By resource ID, or by name for those with neither ID nor namespace; the first of each counts."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The values of interest in a manifest; they may be references to resources."""

    package: Value | None
    split: Value | None
    version_code: Value | None
    version_code_major: Value | None
    version_name: Value | None
    label: Value | None

    @classmethod
    def of(cls, root: Attributes, application: Attributes) -> Self:
        """Return the manifest with these attributes of its root and its application element."""
        return cls(
            package=root.get("package"),
            split=root.get("split"),
            version_code=root.get(VERSION_CODE),
            version_code_major=root.get(VERSION_CODE_MAJOR),
            version_name=root.get(VERSION_NAME),
            label=application.get(LABEL),
        )


def read_manifest(data: bytes) -> Manifest:
    """Read a compiled manifest.

    Raises:
        ValueError, struct.error: it is not a manifest, or is damaged.
    """
    document = _Document(data)
    elements = document.elements()
    _, name, chunk = next(elements, (0, "", None))
    if chunk is None or name != "manifest":
        raise ValueError("not a manifest")
    root = document.attributes(chunk)
    for depth, name, chunk in elements:
        if depth == 2 and name == "application":
            return Manifest.of(root, document.attributes(chunk))
    return Manifest.of(root, {})


class _Document:
    """A compiled XML document, element by element."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        document = next(chunks(data, 0, len(data)), None)
        if document is None or document.kind != _XML:
            raise ValueError("not compiled XML")
        self._chunk = document
        pool: StringPool | None = None
        self._ids: list[int] = []
        for chunk in chunks(data, document.body, document.end):
            if chunk.kind == STRING_POOL and pool is None:
                pool = StringPool(data, chunk)
            elif chunk.kind == _RESOURCE_MAP and not self._ids:
                self._ids = [number for (number,) in struct.iter_unpack("<I", data[chunk.body : chunk.end])]
            elif chunk.kind == _START_ELEMENT:
                break
        if pool is None:
            raise ValueError("no strings before the first element")
        self._pool = pool

    def elements(self) -> Iterator[tuple[int, str, Chunk]]:
        """Yield each start of an element: depth (1 for the root), name and chunk."""
        depth = 0
        for chunk in chunks(self._data, self._chunk.body, self._chunk.end):
            if chunk.kind == _START_ELEMENT:
                depth += 1
                yield depth, self._pool[struct.unpack_from("<I", self._data, chunk.body + 4)[0]], chunk
            elif chunk.kind == _END_ELEMENT:
                depth -= 1

    def attributes(self, element: Chunk) -> Attributes:
        """Return an element's attributes."""
        _, _, first, size, count = struct.unpack_from("<2I3H", self._data, element.body)
        start = element.body + first
        if size < 20 or start + size * count > element.end:
            raise ValueError("attributes do not fit")
        attributes: Attributes = {}
        for at in range(start, start + size * count, size):
            namespace, name, _, kind, data = struct.unpack_from("<3I3xBI", self._data, at)
            if name < len(self._ids) and self._ids[name]:
                attributes.setdefault(self._ids[name], self._pool.value(kind, data))
            elif namespace == NO_STRING:
                attributes.setdefault(self._pool[name], self._pool.value(kind, data))
        return attributes
