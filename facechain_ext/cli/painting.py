"""What commands that paint faces load: people from cards and photos, the encoder, the host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.cli.options import parse_lora, parse_pair
from facechain_ext.weights import find, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from facechain_ext.hosts.diffusers.host import DiffusersHost
    from facechain_ext.identity import TransFace
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.template import FaceSource, Scene
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


def likeness_scorer(encoder: Path | None, console: Console, judge: str) -> LikenessScorer | None:
    """The scorer of likeness; None, with a sentence on the console, where nothing can score."""
    from facechain_ext.errors import WeightsError
    from facechain_ext.identity.likeness_scorer import choose_scorer

    try:
        return choose_scorer(lambda: load_encoder(encoder), judge)
    except WeightsError as error:
        console.print(f"Likeness is not scored: {error}", style="yellow", markup=False)
        return None


def load_host(checkpoint: Path, adapter: Path | None, nets: Mapping[ControlKind, Path]) -> DiffusersHost:
    """A host with ControlNets and, for SD1.5, a face adapter; raises WeightsError that names what is missing."""
    from facechain_ext.hosts.diffusers import DiffusersHost
    from facechain_ext.recipes.readiness import is_sdxl

    chosen = adapter
    if chosen is None and not is_sdxl(checkpoint):
        chosen = find("adapter-majic") or require("adapter-film")
    return DiffusersHost.from_files(checkpoint, adapter=chosen, controlnets=nets)


def load_bare_host(checkpoint: Path, nets: Mapping[ControlKind, Path]) -> DiffusersHost:
    """A host that puts nobody into its pictures."""
    from facechain_ext.hosts.diffusers import DiffusersHost

    return DiffusersHost.from_files(checkpoint, controlnets=nets)


def load_scene(words: str, lora: str | None, pose: Path | None, size: str | None, tries: int) -> Scene:
    """A scene of the options of a command; raises InputError and BadParameter that name what cannot be used."""
    from PIL import Image

    from facechain_ext.faces import read_picture
    from facechain_ext.recipes.template.scene import Scene, check_scene

    width, height = (0, 0) if size is None else parse_pair(size, "x", "--size", int)
    scene = Scene(words, width=width, height=height, tries=tries)
    if lora is not None:
        chosen = parse_lora(lora)
        scene = replace(scene, lora=chosen.file, lora_weight=chosen.weight)
    if pose is not None:
        scene = replace(scene, pose=Image.fromarray(read_picture(pose).pixels))
    check_scene(scene)
    return scene
