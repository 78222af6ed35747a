"""Which properties a label has, which marks of an input picture are kept, and what a packet says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from facechain_ext.labels.label import COMPOSITE, SYNTHETIC, TRAINED
from facechain_ext.labels.xmp import Properties, build_packet, parse_packet, text_of, text_property

if TYPE_CHECKING:
    from collections.abc import Iterable

    from facechain_ext.labels.label import Label

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""The property holds this address with the term behind it, never the term alone (IPTC Photo Metadata 2023.2)."""
_SOURCE_TYPE, _AIGC = "Iptc4xmpExt:DigitalSourceType", "TC260:AIGC"
_TOOL, _CREATED, _MODIFIED = "xmp:CreatorTool", "xmp:CreateDate", "xmp:MetadataDate"
_DOCUMENT, _INSTANCE, _DERIVED = "xmpMM:DocumentID", "xmpMM:InstanceID", "xmpMM:DerivedFrom"
_KEPT = (
    "Iptc4xmpExt:AI", "dc:rights", "dc:creator", "xmpRights:", "photoshop:Credit", "photoshop:Source", "plus:",
    "Iptc4xmpExt:ArtworkOrObject",
)  # fmt: skip
"""How names begin of properties that say whose an input picture is, how it was made, and what is allowed with it.

Others (place, camera, edits) describe the input file and not the new picture, and may be private.
"""
_FROM_MODELS = (TRAINED, "compositeSynthetic", "virtualRecording")
"""Source types of input pictures that are no photos: changed by a model they are still made by models altogether."""
_AIGC_KEYS = (
    "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2",
)  # fmt: skip
"""In this order (GB 45438-2025, annex E). Label "1": the picture is made by AI."""


def kept_marks(packet: str | bytes) -> Properties:
    """The properties of an input picture's packet that a new picture keeps; raises PhotoError for no packet."""
    found = parse_packet(packet)
    marks = {_SOURCE_TYPE, _AIGC, _DOCUMENT}
    return {name: element for name, element in found.items() if name in marks or name.startswith(_KEPT)}


def labelled_packet(label: Label, inherited: Iterable[str | bytes] = (), *, existing: str | bytes | None = None) -> str:
    """The packet of a new picture with ``label``, which keeps the marks of the input pictures' packets ``inherited``.

    ``existing`` is the packet that the file has already, of which everything stays but what the label says anew.
    Raises PhotoError when a packet cannot be read.
    """
    marks: Properties = {}
    for packet in inherited:
        marks = kept_marks(packet) | marks
    properties = (parse_packet(existing) if existing else {}) | {
        name: element for name, element in marks.items() if name.startswith(_KEPT)
    }
    source_type = label.source_type
    if (source_type == COMPOSITE and _term(marks) in _FROM_MODELS) or (
        source_type == SYNTHETIC and _term(marks) == TRAINED
    ):
        source_type = TRAINED
    elif source_type == SYNTHETIC and _term(marks) == COMPOSITE:
        source_type = COMPOSITE
    when = label.created.isoformat(timespec="seconds")
    ours = {
        _SOURCE_TYPE: SOURCE_TYPES + source_type,
        _TOOL: label.tool,
        _CREATED: when,
        _MODIFIED: when,
        _DOCUMENT: f"xmp.did:{label.identifier}",
        _INSTANCE: f"xmp.iid:{label.identifier}",
    }
    if text_of(marks.get(_DOCUMENT)):
        ours[_DERIVED] = text_of(marks[_DOCUMENT])
    aigc = _aigc(label, text_of(marks.get(_AIGC)) or text_of(properties.get(_AIGC)))
    if aigc:
        ours[_AIGC] = aigc
    return build_packet(properties | {name: text_property(name, text) for name, text in ours.items()})


def describe(packet: str | bytes) -> dict[str, str]:
    """What a packet says, in short: source_type, tool, created, identifier, derived_from, aigc; only what is there.

    Raises PhotoError for no packet.
    """
    found = parse_packet(packet)
    facts = {
        "source_type": _term(found),
        "tool": text_of(found.get(_TOOL)),
        "created": text_of(found.get(_CREATED)),
        "identifier": text_of(found.get(_DOCUMENT)),
        "derived_from": text_of(found.get(_DERIVED)),
        "aigc": text_of(found.get(_AIGC)),
    }
    return {name: text for name, text in facts.items() if text}


def _term(properties: Properties) -> str:
    """The term of the source type; "" without one."""
    return text_of(properties.get(_SOURCE_TYPE)).rstrip("/").rpartition("/")[2]


def _aigc(label: Label, earlier: str) -> str:
    """China's label as JSON: the earlier one, whose producer stays and to which ours is added as who passes it on."""
    values = dict.fromkeys(_AIGC_KEYS, "")
    try:
        read = json.loads(earlier) if earlier else {}
    except (ValueError, RecursionError):
        return earlier  # not ours to correct, and not ours to remove
    if isinstance(read, dict) and read:
        if not label.producer:
            return earlier
        values |= {str(key): value for key, value in read.items()}
        values |= {"ContentPropagator": label.producer, "PropagateID": label.identifier}
        return json.dumps(values, ensure_ascii=False)
    if not label.producer:
        return ""
    values |= {"Label": "1", "ContentProducer": label.producer, "ProduceID": label.identifier}
    return json.dumps(values, ensure_ascii=False)
