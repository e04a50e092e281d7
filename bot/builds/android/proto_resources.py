"""An App Bundle's ``resources.pb``, a ``ResourceTable`` of protocol buffers: the value of a resource ID.

Source: ``Resources.proto`` in AOSP, ``frameworks/base/tools/aapt2``.
"""

import re

from bot.builds.android.chunks import Value
from bot.builds.android.proto_manifest import item_value
from bot.builds.android.protobuf import ProtoMessage
from bot.builds.android.resources import DEFAULT, ENGLISH, NO_LANGUAGE, OTHER_LANGUAGE, RANKS, follow

_TABLE_PACKAGE = 2
_PACKAGE_ID, _PACKAGE_TYPE = 1, 3
_TYPE_ID, _TYPE_ENTRY = 1, 3
_ENTRY_ID, _ENTRY_VALUE = 1, 6
_ID = 1  # of a package, a type or an entry; 0 is omitted
_CONFIG_LOCALE = 3
_CONFIG_VALUE_CONFIG, _CONFIG_VALUE_VALUE = 1, 2
_VALUE_ITEM = 4


class ProtoResources:
    """A resource table.

    Raises:
        ValueError: here and in its methods, if the table is damaged.
    """

    def __init__(self, data: bytes) -> None:
        self._types: dict[tuple[int, int], list[ProtoMessage]] = {}  # by package and type
        for package in ProtoMessage(data).messages(_TABLE_PACKAGE):
            package_id = _id(package, _PACKAGE_ID)
            for kind in package.messages(_PACKAGE_TYPE):
                self._types.setdefault((package_id, _id(kind, _TYPE_ID)), []).append(kind)

    def resolve(self, value: Value) -> Value | None:
        """Follow references to a value; ``None`` without one."""
        return follow(value, self._find)

    def _find(self, resource_id: int) -> Value | None:
        """Return the value of the configuration of the best rank that has one, the first of its rank."""
        package, kind, index = resource_id >> 24, resource_id >> 16 & 0xFF, resource_id & 0xFFFF
        best, best_rank = None, len(RANKS)
        for entries in self._types.get((package, kind), ()):
            for entry in entries.messages(_TYPE_ENTRY):
                if _id(entry, _ENTRY_ID) != index:
                    continue
                for configured in entry.messages(_ENTRY_VALUE):
                    value = _value(configured)
                    rank = _rank(configured.message(_CONFIG_VALUE_CONFIG))
                    if value is not None and rank == DEFAULT:
                        return value
                    if value is not None and rank < best_rank:
                        best, best_rank = value, rank
        return best


def _rank(config: ProtoMessage | None) -> int:
    if config is None or config.is_empty():
        return DEFAULT
    language = config.text(_CONFIG_LOCALE)
    if not language:
        return NO_LANGUAGE
    return ENGLISH if re.fullmatch(r"en(?:[-_].*)?", language) else OTHER_LANGUAGE


def _id(message: ProtoMessage, number: int) -> int:
    """Return an ID. It is written first, so the rest of what may be a hundred thousand fields is not read."""
    wrapped = message.first(number)
    return (wrapped.number(_ID) or 0) if wrapped is not None else 0


def _value(configured: ProtoMessage) -> Value | None:
    """Return a simple value; ``None`` for a style, an array or plurals."""
    value = configured.message(_CONFIG_VALUE_VALUE)
    item = value.message(_VALUE_ITEM) if value is not None else None
    return item_value(item) if item is not None else None
