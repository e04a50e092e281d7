"""All the ways in which a resource table stores a value."""

import struct

import pytest

from bot.builds.android.chunks import Value
from bot.builds.android.resources import Resources

REFERENCE, STRING, INTEGER = 0x01, 0x03, 0x10
PLAIN, SPARSE, SHORT = 0, 1, 2
NONE = 0xFFFFFFFF


def chunk(kind: int, header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<HHI", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body


def pool(*texts: bytes) -> bytes:
    """A UTF-8 string pool of short texts."""
    content = b"".join(bytes([len(text), len(text)]) + text + b"\0" for text in texts)
    starts = [sum(len(text) + 3 for text in texts[:index]) for index in range(len(texts))]
    header = struct.pack("<5I", len(texts), 0, 0x100, 28 + 4 * len(texts), 0)
    return chunk(0x0001, header, struct.pack(f"<{len(texts)}I", *starts) + content)


def entry(kind: int, data: int, flags: int = 0) -> bytes:
    return struct.pack("<2HIHBBI", 8, flags, 0, 8, 0, kind, data)


def type_chunk(
    entries: dict[int, bytes], *, form: int = PLAIN, language: bytes = b"\0\0", number: int = 1
) -> bytes:
    places, content = {}, b""
    for index, its in entries.items():
        places[index] = len(content)
        content += its
    count = max(entries) + 1
    if form == SPARSE:
        count = len(places)
        offsets = b"".join(struct.pack("<2H", index, place // 4) for index, place in sorted(places.items()))
    elif form == SHORT:
        offsets = b"".join(struct.pack("<H", places[i] // 4 if i in places else 0xFFFF) for i in range(count))
        offsets += bytes(-len(offsets) % 4)
    else:
        offsets = b"".join(struct.pack("<I", places.get(i, NONE)) for i in range(count))
    config = struct.pack("<I4x2s18x", 28, language)
    header = struct.pack("<4B2I", number, form, 0, 0, count, 20 + len(config) + len(offsets)) + config
    return chunk(0x0201, header, offsets + content)


def table(*types: bytes, texts: tuple[bytes, ...] = (b"Shop", b"Boutique")) -> Resources:
    package = struct.pack("<I256x5I", 0x7F, 0, 0, 0, 0, 0)
    return Resources(
        chunk(0x0002, struct.pack("<I", 1), pool(*texts) + chunk(0x0200, package, b"".join(types)))
    )


def found(resources: Resources, resource_id: int) -> str | int | None:
    value = resources.resolve(Value(kind=REFERENCE, data=resource_id, text=None))
    return None if value is None else value.text or value.data


@pytest.mark.parametrize("form", [PLAIN, SPARSE, SHORT])
def test_plain_sparse_and_short_offsets(form: int):
    resources = table(type_chunk({1: entry(STRING, 0), 4: entry(STRING, 1)}, form=form))
    assert found(resources, 0x7F010001) == "Shop"
    assert found(resources, 0x7F010004) == "Boutique"
    for missing in (0x7F010000, 0x7F010003, 0x7F010005, 0x7F01FFFF, 0x7F020001, 0x01010001):
        assert found(resources, missing) is None


def test_compact_entries():
    compact = struct.pack("<2HI", 0, 0x0008 | STRING << 8, 1)
    assert found(table(type_chunk({0: compact})), 0x7F010000) == "Boutique"


def test_the_default_configuration_wins_wherever_it_stands():
    default, french = type_chunk({0: entry(STRING, 0)}), type_chunk({0: entry(STRING, 1)}, language=b"fr")
    assert found(table(default, french), 0x7F010000) == "Shop"
    assert found(table(french, default), 0x7F010000) == "Shop"
    assert found(table(french), 0x7F010000) == "Boutique"
    assert found(table(type_chunk({1: entry(STRING, 0)}), french), 0x7F010000) == "Boutique"


def test_references_are_followed_but_not_for_ever():
    entries = {0: entry(REFERENCE, 0x7F010001), 1: entry(STRING, 0), 2: entry(REFERENCE, 0x7F010002)}
    resources = table(type_chunk(entries))
    assert found(resources, 0x7F010000) == "Shop"
    assert found(resources, 0x7F010002) is None


def test_numbers_and_styles():
    resources = table(type_chunk({0: entry(INTEGER, 42), 1: entry(STRING, 0, flags=0x0001)}))
    assert found(resources, 0x7F010000) == 42
    assert found(resources, 0x7F010001) is None


def test_strings_and_entries_that_are_not_there():
    with pytest.raises(ValueError, match="no such string"):
        found(table(type_chunk({0: entry(STRING, 99)})), 0x7F010000)
    with pytest.raises(ValueError, match="outside"):
        found(table(type_chunk({0: entry(STRING, 0)[:4]})), 0x7F010000)


def test_more_types_than_any_table_has():
    with pytest.raises(ValueError, match="too many"):
        table(chunk(0x0202, b"") * 100_001)
