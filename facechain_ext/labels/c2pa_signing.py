"""C2PA: a signed manifest in a picture's file, by the user's own certificate; needs the package c2pa-python."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from facechain_ext.errors import FaceChainError, InputError
from facechain_ext.labels.marks import SOURCE_TYPES, describe
from facechain_ext.next_steps import next_steps

if TYPE_CHECKING:
    from types import ModuleType

_FORMATS = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"RIFF", "image/webp"))
_AVIF = "image/avif"


def sign(
    content: bytes, packet: str, certificates: bytes, key: bytes, *, algorithm: str = "es256", time_server: str = ""
) -> bytes:
    """``content`` of a labelled picture with a manifest that says what its XMP ``packet`` says.

    ``certificates`` is the chain and ``key`` the private key of its first, both PEM; ``time_server`` the address of a
    time-stamp service, which is the only thing that is ever asked over the network. Any later change of the file breaks
    the signature. Raises InputError when the package is missing, or names what it does not accept.
    """
    c2pa = _package()
    facts = describe(packet)
    tool, _, version = facts.get("tool", "").rpartition(" ")
    action = {
        "action": "c2pa.created",
        "digitalSourceType": SOURCE_TYPES + facts["source_type"],
        "softwareAgent": {"name": tool, "version": version},
        "when": facts.get("created", ""),
    }
    manifest = {
        "claim_generator_info": [{"name": tool, "version": version}],
        "title": facts.get("identifier", ""),
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }
    signed = io.BytesIO()
    try:
        info = c2pa.C2paSignerInfo(algorithm, certificates, key, time_server or None)
        with c2pa.Signer.from_info(info) as signer, c2pa.Builder(json.dumps(manifest)) as builder:
            builder.sign(signer, _format(content), io.BytesIO(content), signed)
    except (c2pa.C2paError, ValueError) as error:
        raise InputError(f"The picture cannot be signed: {error}. Check certificate, key and --algorithm.") from error
    return signed.getvalue()


def read_manifest(content: bytes) -> dict[str, object] | None:
    """The manifest store of a file as c2pa reads and validates it; None without one, or without the package."""
    try:
        c2pa = _package()
    except FaceChainError:
        return None
    try:
        with c2pa.Reader(_format(content), io.BytesIO(content)) as reader:
            store: dict[str, object] = json.loads(reader.json())
    except (c2pa.C2paError, ValueError):
        return None
    return store


def _format(content: bytes) -> str:
    return next((name for start, name in _FORMATS if content.startswith(start)), _AVIF)


def _package() -> ModuleType:
    try:
        import c2pa  # noqa: PLC0415 - optional
    except ImportError as error:
        raise InputError(f"Signing needs the package c2pa-python. {next_steps().install('c2pa')}") from error
    package: ModuleType = c2pa
    return package
