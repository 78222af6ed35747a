"""References in a request over the API: pictures in base64, cards of the library by name or as files."""

from __future__ import annotations

import base64
import binascii
import tempfile
from pathlib import Path

from facechain_ext.errors import InputError
from facechain_ext.faces.base64_text import decode_base64
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary
from facechain_ext.jobs.items import CARD_URL

_MAX_CARD = 64 << 20
"""Bytes of a card in a request: one of sixteen photos has a tenth of it."""


class RequestSources:
    """Reads nothing but what is in the request, and the library's cards; a text is never the name of a file."""

    def picture(self, reference: str) -> bytes:
        """A picture in base64 or a data URL; raises PhotoError for any other text."""
        return decode_base64(reference)

    def card(self, reference: str) -> tuple[str, Identity]:
        """A card of the library by its name, or one in a data URL; raises InputError and WeightsError."""
        if not reference.startswith("data:"):
            return reference, CardLibrary().load(reference)
        if not reference.startswith(CARD_URL) or len(reference) > _MAX_CARD // 3 * 4:
            raise InputError(
                f"FaceChain: a card in a request begins with {CARD_URL} and has {_MAX_CARD >> 20} MB at most."
            )
        try:
            content = base64.b64decode(reference[len(CARD_URL) :], validate=True)
        except (binascii.Error, ValueError) as error:
            raise InputError("FaceChain: the card in the request is no base64.") from error
        with tempfile.TemporaryDirectory(prefix="facechain-card-") as folder:  # only this user can read it
            file = Path(folder) / "card.safetensors"
            file.write_bytes(content)
            identity = Identity.load(file)
        return identity.name or identity.digest, identity
