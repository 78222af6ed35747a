"""XMP packets in AVIF files: an item of the meta box (ISO/IEC 14496-12, 23008-12)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from facechain_ext.errors import PhotoError

_MIME = b"application/rdf+xml\0"
_DAMAGED = "The AVIF file has parts that cannot be changed here, so no label can be written into it."


@dataclass(frozen=True)
class _Box:
    """A box of ``content``: where it starts, where what it holds starts, and where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class _Location:
    """Where an item lies: ``extents`` are offset from ``base`` and length of each piece, in bytes.

    The fields are the position in the file and the width, in bytes, of the numbers that say so.
    """

    item: int
    method: int
    base: int
    base_field: tuple[int, int]
    extents: tuple[tuple[int, int], ...]
    offset_fields: tuple[tuple[int, int], ...]
    """One for each extent's offset; its width is 0 where the base offset says it all."""


def is_avif(content: bytes) -> bool:
    """Whether a file begins as an AVIF does."""
    return content[4:8] == b"ftyp" and content[8:12] in (b"avif", b"avis", b"mif1")


def read_packet(content: bytes) -> bytes:
    """The XMP packet; b"" without one, or in a file that cannot be read."""
    try:
        meta = _children(content, content_meta(content))
        item = _xmp_item(content, meta[b"iinf"])
        if item is None:
            return b""
        location = next(one for one in _locations(content, meta[b"iloc"]) if one.item == item)
        return b"".join(content[location.base + at : location.base + at + size] for at, size in location.extents)
    except (KeyError, StopIteration, struct.error, IndexError, PhotoError):
        return b""


def write_packet(content: bytes, packet: bytes) -> bytes:
    """``content`` with ``packet``: its bytes follow the meta box, which gets an item for them.

    There, where encoders write it, because OpenCV looks for it in a file's first 500 bytes.

    Raises PhotoError for a file whose boxes are not as encoders write them.
    """
    try:
        box = content_meta(content)
        meta = _children(content, box)
        if _xmp_item(content, meta[b"iinf"]) is not None:
            content = _without_packet(content)
            box = content_meta(content)
            meta = _children(content, box)
        return _with_item(content, box, meta, packet)
    except (KeyError, StopIteration) as error:
        raise PhotoError(_DAMAGED) from error


def content_meta(content: bytes) -> _Box:
    """The meta box; raises KeyError without one."""
    boxes = {box.kind: box for box in _boxes(content, 0, len(content))}
    return boxes[b"meta"]


def _boxes(content: bytes, at: int, end: int) -> list[_Box]:
    found = []
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", content, at)
        body = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, body)
            body += 8
        stop = end if size == 0 else at + size
        if stop > end or stop < body:
            raise PhotoError(_DAMAGED)
        found.append(_Box(kind, at, body, stop))
        at = stop
    return found


def _children(content: bytes, meta: _Box) -> dict[bytes, _Box]:
    return {box.kind: box for box in _boxes(content, meta.body + 4, meta.end)}  # behind version and flags


def _items(content: bytes, iinf: _Box) -> list[_Box]:
    return _boxes(content, iinf.body + (6 if content[iinf.body] == 0 else 8), iinf.end)


def _item_number(content: bytes, infe: _Box) -> int:
    number: int
    if content[infe.body] >= 3:
        (number,) = struct.unpack_from(">I", content, infe.body + 4)
    else:
        (number,) = struct.unpack_from(">H", content, infe.body + 4)
    return number


def _xmp_item(content: bytes, iinf: _Box) -> int | None:
    for infe in _items(content, iinf):
        if b"mime" in content[infe.body : infe.end] and _MIME in content[infe.body : infe.end]:
            return _item_number(content, infe)
    return None


def _locations(content: bytes, iloc: _Box) -> list[_Location]:
    version, at = content[iloc.body], iloc.body + 4
    offset_size, length_size, base_size, index_size = _sizes(content, iloc)
    wide = version >= 2
    count = int.from_bytes(content[at + 2 : at + (6 if wide else 4)], "big")
    at += 6 if wide else 4
    found = []
    for _ in range(count):
        item = int.from_bytes(content[at : at + (4 if wide else 2)], "big")
        at += 4 if wide else 2
        method = 0
        if version:
            method = content[at + 1] & 15
            at += 2
        at += 2  # data reference
        base_field = (at, base_size)
        base = int.from_bytes(content[at : at + base_size], "big")
        at += base_size
        extents, fields = [], []
        (number,) = struct.unpack_from(">H", content, at)
        at += 2
        for _ in range(number):
            at += index_size
            fields.append((at, offset_size))
            extents.append(
                (
                    int.from_bytes(content[at : at + offset_size], "big"),
                    int.from_bytes(content[at + offset_size : at + offset_size + length_size], "big"),
                )
            )
            at += offset_size + length_size
        found.append(_Location(item, method, base, base_field, tuple(extents), tuple(fields)))
    return found


def _without_packet(content: bytes) -> bytes:
    """``content`` whose XMP item is of another content type, so that no reader takes it for XMP any more."""
    meta = _children(content, content_meta(content))
    changed = bytearray(content)
    for infe in _items(content, meta[b"iinf"]):
        at = content.find(_MIME, infe.body, infe.end)
        if at >= 0:
            changed[at : at + len(_MIME)] = b"application/x-empty\0"
    location = next(one for one in _locations(content, meta[b"iloc"]) if one.item == _xmp_item(content, meta[b"iinf"]))
    for at, size in location.extents:  # what it said is gone too
        changed[location.base + at : location.base + at + size] = b" " * size
    return bytes(changed)


def _with_item(content: bytes, box: _Box, meta: dict[bytes, _Box], packet: bytes) -> bytes:
    iinf, iloc, pitm = meta[b"iinf"], meta[b"iloc"], meta[b"pitm"]
    numbers = [_item_number(content, infe) for infe in _items(content, iinf)]
    number = max(numbers) + 1
    (primary,) = struct.unpack_from(">H" if content[pitm.body] == 0 else ">I", content, pitm.body + 4)
    if number > 0xFFFF or primary > 0xFFFF or content[iloc.body] > 1 or box.body - box.start != 8:
        raise PhotoError(_DAMAGED)
    infe = struct.pack(">IHH4s", 2 << 24, number, 0, b"mime") + b"\0" + _MIME
    new_iinf = _extended(content, iinf, _box(b"infe", infe), 2 if content[iinf.body] == 0 else 4)
    reference = _box(b"cdsc", struct.pack(">HHH", number, 1, primary))
    if b"iref" in meta:
        if content[meta[b"iref"].body]:
            raise PhotoError(_DAMAGED)
        new_iref = _box(b"iref", content[meta[b"iref"].body : meta[b"iref"].end] + reference)
    else:
        new_iref = _box(b"iref", b"\0\0\0\0" + reference)
    entry_size = _entry_size(content, iloc)
    old_iref = meta[b"iref"].end - meta[b"iref"].start if b"iref" in meta else 0
    growth = len(new_iinf) - (iinf.end - iinf.start) + len(new_iref) - old_iref + entry_size
    data = _box(b"mdat", packet)
    shifted = bytearray(content)
    for location in _locations(content, iloc):
        if location.method == 0:
            _shift(shifted, location, growth + len(data), box.end)
    entry = _entry(content, iloc, number, box.end + growth + 8, len(packet))
    new_iloc = _extended(bytes(shifted), iloc, entry, 2, counts_at=6)
    replaced = {b"iinf": new_iinf, b"iloc": new_iloc, b"iref": new_iref}
    parts = [
        replaced.get(child.kind, content[child.start : child.end]) for child in _boxes(content, box.body + 4, box.end)
    ]
    if b"iref" not in meta:
        parts.append(new_iref)
    new_meta = _box(b"meta", content[box.body : box.body + 4] + b"".join(parts))
    return content[: box.start] + new_meta + data + content[box.end :]


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _extended(content: bytes, box: _Box, added: bytes, width: int, *, counts_at: int = 4) -> bytes:
    """A box with ``added`` at its end, whose count of ``width`` bytes at ``counts_at`` is one more."""
    body = bytearray(content[box.body : box.end])
    count = int.from_bytes(body[counts_at : counts_at + width], "big") + 1
    body[counts_at : counts_at + width] = count.to_bytes(width, "big")
    return _box(box.kind, bytes(body) + added)


def _sizes(content: bytes, iloc: _Box) -> tuple[int, int, int, int]:
    """Bytes of an offset, of a length, of a base offset and of an extent's index in the entries of ``iloc``."""
    first, second = content[iloc.body + 4], content[iloc.body + 5]
    return first >> 4, first & 15, second >> 4, second & 15 if content[iloc.body] else 0


def _entry_size(content: bytes, iloc: _Box) -> int:
    offset, length, base, index = _sizes(content, iloc)
    return 2 + (2 if content[iloc.body] else 0) + 2 + base + 2 + index + offset + length


def _entry(content: bytes, iloc: _Box, number: int, at: int, size: int) -> bytes:
    """The entry of an item of one extent."""
    offset, length, base, index = _sizes(content, iloc)
    if length < 2 or max(offset, base) < 4:
        raise PhotoError(_DAMAGED)
    method = b"\0\0" if content[iloc.body] else b""
    based, own = (0, at) if offset >= 4 else (at, 0)
    where = based.to_bytes(base, "big") + b"\0\1" + bytes(index) + own.to_bytes(offset, "big")
    return struct.pack(">H", number) + method + b"\0\0" + where + size.to_bytes(length, "big")


def _shift(content: bytearray, location: _Location, growth: int, behind: int) -> None:
    """Add ``growth`` to the offset of an item that lies behind ``behind``."""
    base_at, base_width = location.base_field
    if base_width and location.base >= behind:
        content[base_at : base_at + base_width] = (location.base + growth).to_bytes(base_width, "big")
        return
    for (offset, _), (at, width) in zip(location.extents, location.offset_fields, strict=True):
        if width and location.base + offset >= behind:
            content[at : at + width] = (offset + growth).to_bytes(width, "big")
