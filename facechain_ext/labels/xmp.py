"""XMP packets: from properties to text and back."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from facechain_ext.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}
"""Prefix -> namespace, of the XMP specification (ISO 16684-1), IPTC, PLUS and the guide TC260-PG-20259A."""
for _prefix, _namespace in _NAMESPACES.items():
    ET.register_namespace(_prefix, _namespace)

MAX_PACKET = 1 << 20
"""Bytes of a packet that are read; what cameras and editors write is below 64 KiB, which one JPEG segment holds."""
# the byte order mark in the header is part of the specification, and makes every writer of PNG texts choose iTXt
_HEADER = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TRAILER = '\n<?xpacket end="w"?>'
_META = re.compile(r"<(?P<tag>[\w.-]+:xmpmeta|[\w.-]+:RDF)\b.*</(?P=tag)\s*>", re.DOTALL)

Properties = dict[str, ET.Element]
"""Qualified name such as ``xmp:CreatorTool`` (``{namespace}name`` for unknown namespaces) -> its element."""


def qualified(name: str) -> str:
    """ElementTree's name, ``{namespace}local``, of a name with one of our prefixes."""
    prefix, _, local = name.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def text_property(name: str, text: str) -> ET.Element:
    """A property whose value is one text."""
    element = ET.Element(qualified(name))
    element.text = text
    return element


def parse_packet(packet: str | bytes) -> Properties:
    """The properties of a packet; raises PhotoError when it is no XMP, over 1 MiB, or has a document type."""
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else packet
    if len(text) > MAX_PACKET or "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise PhotoError("The picture's XMP is too large or has a document type, so it is not read.")
    found = _META.search(text)
    try:
        root = ET.fromstring(found[0]) if found else None  # noqa: S314 - without document type there are no entities
    except ET.ParseError as error:
        raise PhotoError(f"The picture's XMP is damaged ({error}), so it is not read.") from error
    if root is None:
        raise PhotoError("The picture's XMP is damaged (no XMP element), so it is not read.")
    properties: Properties = {}
    for description in root.iter(qualified("rdf:Description")):
        if description not in _top_descriptions(root):
            continue
        for name, value in description.attrib.items():
            if not name.startswith(f"{{{_NAMESPACES['rdf']}}}") and name.startswith("{"):
                element = ET.Element(name)
                element.text = value
                properties.setdefault(_short(name), element)
        for element in description:
            properties.setdefault(_short(element.tag), element)
    return properties


def build_packet(properties: Mapping[str, ET.Element]) -> str:
    """The packet with these properties, as text with the header and trailer that the specification asks for."""
    root = ET.Element(qualified("x:xmpmeta"))
    rdf = ET.SubElement(root, qualified("rdf:RDF"))
    description = ET.SubElement(rdf, qualified("rdf:Description"), {qualified("rdf:about"): ""})
    description.extend(properties.values())
    return _HEADER + ET.tostring(root, encoding="unicode") + _TRAILER


def text_of(element: ET.Element | None) -> str:
    """The text of a property: its own, that of the first entry of a list, or its resource; "" for None."""
    if element is None:
        return ""
    own = (element.text or "").strip()
    entry = next(element.iter(qualified("rdf:li")), None)
    listed = (entry.text or "").strip() if entry is not None else ""
    return own or listed or element.get(qualified("rdf:resource"), "")


def _top_descriptions(root: ET.Element) -> list[ET.Element]:
    rdf = root if root.tag == qualified("rdf:RDF") else root.find(qualified("rdf:RDF"))
    return [] if rdf is None else rdf.findall(qualified("rdf:Description"))


def _short(name: str) -> str:
    namespace, _, local = name[1:].partition("}")
    prefix = next((known for known, uri in _NAMESPACES.items() if uri == namespace), None)
    return name if prefix is None else f"{prefix}:{local}"
