"""The accordion's preview: the aligned faces that the encoder gets, and notes about the photos.

gradio evaluates the annotations of this event handler, so it uses built-in types only.
"""

from __future__ import annotations

from facechain_ext.errors import FaceChainError
from facechain_ext.recipes.arguments import FaceArguments
from facechain_ext.ui.html import note_html


def preview(photos: list[object] | None, card: str, face: float, mix_with: str = "", mix_share: float = 0.0) -> str:
    """HTML of the aligned faces, notes about the photos, and the digest of their identity."""
    from facechain_ext.hosts.webui.people import identity_notes, resolve_identity, uploaded
    from facechain_ext.ui.people.gallery import aligned_faces_html

    try:
        arguments = FaceArguments.parse(
            {
                "photos": [uploaded(file) for file in photos or ()],
                "card": card or "",
                "face": int(face or 0),
                "mix_with": mix_with or "",
                "mix_share": float(mix_share or 0),
            }
        )
        identity = resolve_identity(arguments)
    except FaceChainError as error:
        return note_html(str(error))
    left_out, warnings = identity_notes(arguments, identity)
    sentences = [*left_out, *warnings]
    if not sentences and not arguments.card:
        sentences.append("The photo is fine." if len(arguments.photos) == 1 else "The photos are fine.")
    faces = f"<div class='facechain-faces'>{aligned_faces_html(identity)}</div>"
    return faces + note_html(*sentences, f"Identity {identity.digest}.")
