"""What commands that paint faces load: people from cards and photos, the encoder, the host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.weights import find, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from facechain_ext.hosts.diffusers.host import DiffusersHost
    from facechain_ext.identity import TransFace
    from facechain_ext.identity.likeness_scorer import LikenessScorer
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.template import FaceSource
    from facechain_ext.recipes.template.actions import FaceChoice


def choice_of(text: str) -> FaceChoice:
    """A card where ``text`` names a .safetensors file, else a photo."""
    from facechain_ext.recipes.template.actions import FaceChoice

    return FaceChoice("card" if Path(text).suffix == ".safetensors" else "photo", text)


def load_source(choice: FaceChoice, encoder: Path | None, *, paint: bool) -> FaceSource:
    """A person from a card or a photo; a photo is encoded only where faces are painted."""
    from facechain_ext.faces import read_picture
    from facechain_ext.identity import Identity
    from facechain_ext.recipes.template.actions import card_source, photo_source

    path = Path(choice.reference)
    if choice.kind == "card":
        return card_source(path.stem, Identity.load(path))
    return photo_source(read_picture(path), load_encoder(encoder) if paint else None)


def load_encoder(file: Path | None) -> TransFace:
    """The face encoder; raises WeightsError that names the download."""
    from facechain_ext.identity import TransFace

    return TransFace.from_file(file or require("transface"))


def likeness_scorer(encoder: Path | None, console: Console) -> LikenessScorer | None:
    """The scorer of likeness; None, with a sentence on the console, where nothing can score."""
    from facechain_ext.errors import WeightsError
    from facechain_ext.identity.likeness_scorer import choose_scorer

    try:
        return choose_scorer(lambda: load_encoder(encoder))
    except WeightsError as error:
        console.print(f"Likeness is not scored: {error}", style="yellow", markup=False)
        return None


def load_host(checkpoint: Path, adapter: Path | None, nets: Mapping[ControlKind, Path]) -> DiffusersHost:
    """A host with a face adapter and ControlNets; raises WeightsError that names what is missing."""
    from facechain_ext.hosts.diffusers import DiffusersHost

    chosen = adapter or find("adapter-majic") or require("adapter-film")
    return DiffusersHost.from_files(checkpoint, adapter=chosen, controlnets=nets)
