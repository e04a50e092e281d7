"""An App Bundle's ``AndroidManifest.xml``, an ``XmlNode`` of protocol buffers: its root and application.

Android's own attributes are identified by their resource IDs, as in an APK's manifest.
Source: ``Resources.proto`` in AOSP, ``frameworks/base/tools/aapt2``.
"""

import contextlib
from collections.abc import Iterator

from bot.builds.android.chunks import INTEGERS, REFERENCE, STRING, Value
from bot.builds.android.manifest import LABEL, LAUNCHER, NAME, NAMED, NUMBERED, Attributes, Manifest
from bot.builds.android.protobuf import ProtoMessage

_NODE_ELEMENT = 1
_ELEMENT_NAME, _ELEMENT_ATTRIBUTE, _ELEMENT_CHILD = 3, 4, 5
_ATTRIBUTE_NAMESPACE, _ATTRIBUTE_NAME, _ATTRIBUTE_VALUE, _ATTRIBUTE_ID, _ATTRIBUTE_COMPILED = 1, 2, 3, 5, 6
_ITEM_REFERENCE, _ITEM_PRIMITIVE = 1, 7
_ITEM_TEXTS = range(2, 5)  # a string, a raw string, a styled string
_ITEM_KINDS = range(1, 8)  # higher numbers are flags beside the value
_REFERENCE_TYPE, _REFERENCE_ID = 1, 2
_TEXT = 1
_PRIMITIVE_INTEGERS = range(6, 8)  # decimal, hexadecimal
_OTHER = Value(kind=0, data=0, text=None)


def read_proto_manifest(data: bytes) -> Manifest:
    """Read a bundle's manifest.

    Raises:
        ValueError: it is not a manifest, or is damaged.
    """
    root = ProtoMessage(data).message(_NODE_ELEMENT)
    if root is None or root.text(_ELEMENT_NAME) != "manifest":
        raise ValueError("not a manifest")
    for child in root.messages(_ELEMENT_CHILD):
        element = child.message(_NODE_ELEMENT)
        if element is not None and element.text(_ELEMENT_NAME) == "application":
            application = _attributes(element)
            activity = None
            if LABEL not in application:
                with contextlib.suppress(ValueError):  # only the label depends on it
                    activity = _launcher_activity(element)
            return Manifest.of(_attributes(root), application, activity)
    return Manifest.of(_attributes(root), {})


def _elements(parent: ProtoMessage, *names: str) -> Iterator[ProtoMessage]:
    """Yield the elements of these names in an element."""
    for child in parent.messages(_ELEMENT_CHILD):
        element = child.message(_NODE_ELEMENT)
        if element is not None and element.text(_ELEMENT_NAME) in names:
            yield element


def _launcher_activity(application: ProtoMessage) -> Attributes | None:
    """Return the attributes of the first activity that has a label and that a launcher shows."""
    for element in _elements(application, "activity", "activity-alias"):
        activity = _attributes(element)
        if LABEL not in activity:
            continue
        for intents in _elements(element, "intent-filter"):
            found = (_attributes(one).get(NAME) for one in _elements(intents, "action", "category"))
            if {name.text for name in found if name is not None} >= LAUNCHER:
                return activity
    return None


def _attributes(element: ProtoMessage) -> Attributes:
    attributes: Attributes = {}
    for attribute in element.messages(_ELEMENT_ATTRIBUTE):
        number = attribute.number(_ATTRIBUTE_ID)
        if number in NUMBERED:
            attributes.setdefault(number, _value(attribute))
        if not attribute.text(_ATTRIBUTE_NAMESPACE):
            name = attribute.text(_ATTRIBUTE_NAME)
            if name in NAMED:
                attributes.setdefault(name, _value(attribute))
    return attributes


def _value(attribute: ProtoMessage) -> Value:
    """Return the attribute's compiled value, else its source text."""
    compiled = attribute.message(_ATTRIBUTE_COMPILED)
    value = item_value(compiled) if compiled is not None else None
    return value or Value(kind=STRING, data=0, text=attribute.text(_ATTRIBUTE_VALUE) or "")


def item_value(item: ProtoMessage) -> Value | None:
    """Return the value of an ``Item``; ``None`` if it has none.

    The content of theme attributes, and of anything but text and integers, is not read.
    """
    kinds = [field for field in item.fields() if field.number in _ITEM_KINDS]
    if len(kinds) > 1:
        raise ValueError("a value has two kinds")
    for field in kinds:
        content = item.within(field)
        if field.number in _ITEM_TEXTS:
            return Value(kind=STRING, data=0, text=content.text(_TEXT) or "")
        if field.number == _ITEM_REFERENCE and not content.number(_REFERENCE_TYPE):
            return Value(kind=REFERENCE, data=content.number(_REFERENCE_ID) or 0, text=None)
        if field.number == _ITEM_PRIMITIVE:
            return _primitive(content)
        return _OTHER
    return None


def _primitive(primitive: ProtoMessage) -> Value:
    """Return an integer as 32 bits; a negative one is sign-extended to 64 in the file."""
    for number, kind in zip(_PRIMITIVE_INTEGERS, INTEGERS, strict=True):
        value = primitive.number(number)
        if value is not None:
            return Value(kind=kind, data=value & 0xFFFF_FFFF, text=None)
    return _OTHER
