"""The compiled ``AndroidManifest.xml``, read up to its application element.

If that has no label, the activities in it are read too: the first that a launcher shows has the app's name.
Android's own attributes are identified by their resource IDs, as in Android: names may be obfuscated or
empty. Only the attributes that matter are decoded, so that a broken string elsewhere is no matter.
Source: ``ResourceTypes.h`` in AOSP (``ResXMLTree_*``) and ``R.attr`` for the IDs.
"""

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from bot.builds.android.chunks import NO_STRING, STRING, STRING_POOL, Chunk, StringPool, Value, chunks

_XML = 0x0003
_RESOURCE_MAP = 0x0180
_START_ELEMENT = 0x0102
_END_ELEMENT = 0x0103

LABEL = 0x01010001
NAME = 0x01010003
VERSION_CODE = 0x0101021B
VERSION_NAME = 0x0101021C
VERSION_CODE_MAJOR = 0x01010576

LAUNCHER = frozenset({"android.intent.action.MAIN", "android.intent.category.LAUNCHER"})
"""The names in an intent filter of an activity that a launcher shows."""

_ACTIVITIES = frozenset({"activity", "activity-alias"})
NUMBERED = frozenset({LABEL, NAME, VERSION_CODE, VERSION_NAME, VERSION_CODE_MAJOR})
NAMED = frozenset({"package", "split"})

Attributes = dict[int | str, Value]
"""By resource ID, and by name for those without namespace; the first of each counts."""
Element = tuple[int, str | None, Chunk]
"""Depth (1 for the root), name (``None`` if it is broken) and chunk."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The values of interest in a manifest; they may be references to resources."""

    package: Value | None
    split: Value | None
    version_code: Value | None
    version_code_major: Value | None
    version_name: Value | None
    label: Value | None
    """Of the application, else of the first activity that a launcher shows."""
    oddities: tuple[str, ...] = ()
    """What Android passes over and other readers don't, as sentences."""

    @classmethod
    def of(
        cls,
        root: Attributes,
        application: Attributes,
        activity: Attributes | None = None,
        oddities: tuple[str, ...] = (),
    ) -> Self:
        """Return the manifest with these attributes of its root, application and launcher activity."""
        return cls(
            package=root.get("package"),
            split=root.get("split"),
            version_code=root.get(VERSION_CODE),
            version_code_major=root.get(VERSION_CODE_MAJOR),
            version_name=root.get(VERSION_NAME),
            label=application.get(LABEL) or (activity or {}).get(LABEL),
            oddities=oddities,
        )


def read_manifest(data: bytes) -> Manifest:
    """Read a compiled manifest.

    Raises:
        ValueError, struct.error: it is not a manifest, or is damaged.
    """
    document = _Document(data)
    elements = document.elements()
    first = next(elements, None)
    if first is None or first[1] != "manifest":
        raise ValueError("not a manifest")
    root = document.attributes(first[2])
    application: Attributes = {}
    for depth, name, chunk in elements:
        if depth == 2 and name == "application":
            application = document.attributes(chunk)
            break
    activity = None
    if LABEL not in application:
        with contextlib.suppress(ValueError, struct.error):  # only the label depends on it
            activity = _launcher_activity(document, elements)
    return Manifest.of(root, application, activity, document.oddities)


def _launcher_activity(document: "_Document", elements: Iterator[Element]) -> Attributes | None:
    """Return the attributes of the first activity that has a label and that a launcher shows."""
    activity: Attributes = {}
    names: set[str | None] = set()
    for depth, name, chunk in elements:
        if depth <= 2:
            break  # the application is over
        if depth == 3:
            activity = document.attributes(chunk) if name in _ACTIVITIES else {}
        elif depth == 4:
            names = set()
        elif depth == 5 and LABEL in activity and name in {"action", "category"}:
            found = document.attributes(chunk).get(NAME)
            names.add(found.text if found is not None else None)
            if names >= LAUNCHER:
                return activity
    return None


class _Document:
    """A compiled XML document, element by element."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        document = next(chunks(data, 0, len(data)), None)
        if document is None:
            raise ValueError("not compiled XML")
        self.oddities: tuple[str, ...] = ()
        if document.kind != _XML:  # Android ignores it
            self.oddities = ("`AndroidManifest.xml` doesn't begin as compiled XML does.",)
        self._chunk = document
        pool: StringPool | None = None
        self._ids: list[int] = []
        for chunk in chunks(data, document.body, document.end):
            if chunk.kind == STRING_POOL:
                if pool is not None:  # Android takes the last, others the first
                    raise ValueError("two string pools")
                pool = StringPool(data, chunk)
            elif chunk.kind == _RESOURCE_MAP:
                self._ids = [number for (number,) in struct.iter_unpack("<I", data[chunk.body : chunk.end])]
            elif chunk.kind == _START_ELEMENT:
                break
        if pool is None:
            raise ValueError("no strings before the first element")
        self._pool = pool
        self._names: dict[int, str | None] = {}

    def _name(self, index: int) -> str | None:
        if index not in self._names:
            self._names[index] = self._pool.find(index)
        return self._names[index]

    def elements(self) -> Iterator[Element]:
        """Yield each start of an element: depth (1 for the root), name and chunk."""
        depth = 0
        for chunk in chunks(self._data, self._chunk.body, self._chunk.end):
            if chunk.kind == _START_ELEMENT:
                depth += 1
                yield depth, self._name(struct.unpack_from("<I", self._data, chunk.body + 4)[0]), chunk
            elif chunk.kind == _END_ELEMENT:
                depth -= 1

    def attributes(self, element: Chunk) -> Attributes:
        """Return those of an element's attributes that matter."""
        _, _, first, size, count = struct.unpack_from("<2I3H", self._data, element.body)
        start = element.body + first
        if size < 20 or start + size * count > element.end:
            raise ValueError("attributes do not fit")
        attributes: Attributes = {}
        for at in range(start, start + size * count, size):
            namespace, name, _, kind, data = struct.unpack_from("<3I3xBI", self._data, at)
            number = self._ids[name] if name < len(self._ids) else 0
            text = self._name(name) if namespace == NO_STRING else None
            if number in NUMBERED:
                attributes.setdefault(number, self._value(kind, data))
            if text in NAMED:
                attributes.setdefault(text, self._value(kind, data))
        return attributes

    def _value(self, kind: int, data: int) -> Value:
        return Value(kind=kind, data=data, text=self._pool.find(data) if kind == STRING else None)
