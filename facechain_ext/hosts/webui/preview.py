"""The accordion's preview: the faces that the encoder sees, and what there is to say about the photos."""

from __future__ import annotations

from typing import Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.hosts.webui.people import find_person, said_of, uploaded
from facechain_ext.recipes.arguments import FaceArguments
from facechain_ext.ui.html import note_html


def preview(photos: Any, card: str, face: float, mix_with: str = "", mix_share: float = 0.0) -> tuple[list[Any], str]:
    """The aligned faces, and in words what is doubtful about the photos and which identity they give."""
    try:
        chosen = FaceArguments.parse(
            {
                "photos": [uploaded(file) for file in photos or ()],
                "card": card or "",
                "face": int(face or 0),
                "mix_with": mix_with or "",
                "mix_share": float(mix_share or 0),
            }
        )
        identity = find_person(chosen)
    except FaceChainError as error:
        return [], note_html(str(error))
    left_out, warnings = said_of(chosen, identity)
    said = [*left_out, *warnings]
    if not said and not chosen.card:
        said.append("The photo is fine." if len(chosen.photos) == 1 else "The photos are fine.")
    return list(identity.aligned), note_html(*said, f"Identity {identity.digest}.")


def show_faces(faces: Any) -> Any:
    """The gallery takes room only when there is something in it."""
    return gr.update(visible=bool(faces))


def no_preview() -> tuple[Any, str]:
    """Nothing, instead of the faces of photos that are not chosen any more and what was said of them."""
    return gr.update(value=[], visible=False), ""
