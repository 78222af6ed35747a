"""facechain garment: a garment kept while everything else is painted anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext.cli.options import limits
from facechain_ext.cli.painting import choice_of, load_host, load_source
from facechain_ext.cli.step_progress import step_progress
from facechain_ext.hosts.diffusers.interrupts import interrupt_requests
from facechain_ext.hosts.diffusers.output import check_new_file
from facechain_ext.methods.setting import find_setting
from facechain_ext.recipes.garment.settings import GARMENT_SETTINGS, GarmentSettings
from facechain_ext.recipes.readiness import drawing_defaults

if TYPE_CHECKING:
    from PIL import Image

    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.recipes.garment.marking import Point
    from facechain_ext.recipes.job import ControlKind

console = Console()
_STRENGTH, _STEPS, _FACE, _ENLARGE = (
    find_setting(GARMENT_SETTINGS, name) for name in ("strength", "steps", "face_denoise", "enlarge")
)


def garment(
    *,
    picture: Annotated[Path, typer.Argument(help="The photo of the garment, on a model or a stand.")],
    person: Annotated[str, typer.Option(help="Who wears it: a card's file or a photo.")],
    checkpoint: Annotated[Path, typer.Option(help="A Stable Diffusion 1.5 checkpoint.")],
    out: Annotated[Path, typer.Option(help="The PNG to write.")],
    mask: Annotated[Path | None, typer.Option(help="A picture of the photo's size; white is the garment.")] = None,
    point: Annotated[
        list[str] | None, typer.Option(help="Instead of a mask: X,Y in the garment, in fractions; repeated.")
    ] = None,
    not_point: Annotated[list[str] | None, typer.Option(help="X,Y beside the garment; repeated.")] = None,
    mark: Annotated[Path | None, typer.Option(help="Write what is taken as the garment, as PNG.")] = None,
    pose: Annotated[Path | None, typer.Option(help="A picture of a pose, for a garment on a stand.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The face adapter's file.")] = None,
    encoder: Annotated[Path | None, typer.Option(help="With a photo: the face encoder's file.")] = None,
    openpose: Annotated[Path | None, typer.Option(help="An openpose ControlNet.")] = None,
    canny: Annotated[Path | None, typer.Option(help="A canny ControlNet.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Person and scene around the garment.")] = None,
    strength: Annotated[float, typer.Option(**limits(_STRENGTH))] = _STRENGTH.default,
    steps: Annotated[
        int | None, typer.Option(**limits(_STEPS), help=f"{_STEPS.default}, or what suits a demo model.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    face_denoise: Annotated[float, typer.Option(**limits(_FACE), help="0 leaves the face.")] = _FACE.default,
    enlarge: Annotated[
        int, typer.Option(help="Longest side in pixels at the end, by Lanczos; 0 leaves it.", **limits(_ENLARGE))
    ] = _ENLARGE.default,
) -> None:
    """Keep a photo's garment byte for byte, and paint person, body and scene around it anew."""
    from facechain_ext.recipes.finishing import enlarge_result
    from facechain_ext.recipes.garment.recipe import keep_garment
    from facechain_ext.recipes.job import Person
    from facechain_ext.recipes.template import read_template
    from facechain_ext.recipes.template.quality import require_identity

    for file in (out, mark) if mark is not None else (out,):
        check_new_file(file)
    suited = drawing_defaults(checkpoint)
    if suited.words:
        console.print(suited.words, style="yellow", markup=False)
    image = read_template(picture)
    marked = _marked(image.pixels, mask, point or [], not_point or [])
    if mark is not None:
        _write_mark(marked, mark)
    files: dict[ControlKind, Path | None] = {"openpose": openpose, "canny": canny}
    nets = {kind: file for kind, file in files.items() if file is not None}
    standard = GarmentSettings()
    chosen = GarmentSettings(
        prompt=standard.prompt if prompt is None else prompt, strength=strength,
        steps=_STEPS.default if steps is None else steps, seed=seed, depth_weight=0.0, face_denoise=face_denoise,
        enlarge=enlarge,
    )  # fmt: skip
    settings = chosen.suited_to(suited, frozenset(nets), steps_given=steps is not None)
    source = load_source(choice_of(person), encoder, paint=True)
    host = load_host(checkpoint, adapter, nets)
    with interrupt_requests() as interrupted, step_progress(console, interrupted) as progress:
        result = keep_garment(
            image, marked, Person(require_identity(source), strength), settings, host=host,
            pose=None if pose is None else _pose(pose), label=source.label, progress=progress,
        )  # fmt: skip
        image, result = enlarge_result(host, image, result, settings)
    for note in result.notes:
        console.print(note, style="yellow", markup=False)
    image.save(result.pixels, out, result.infotext)
    console.print(str(out), markup=False, highlight=False, soft_wrap=True)
    if result.stopped:
        console.print("Stopped; what was finished is saved.", style="yellow")
        raise typer.Exit(130)


def _marked(pixels: Pixels, mask: Path | None, inside: list[str], outside: list[str]) -> Mask:
    """The garment by its mask's file or by points; raises BadParameter without either, and for both."""
    from facechain_ext.faces.decoding import read_picture_file
    from facechain_ext.recipes.garment.marking import mark_garment, read_mask

    if (mask is None) == (not inside):
        raise typer.BadParameter("Mark the garment by --mask or by --point; one of the two.")
    if mask is not None:
        return read_mask(read_picture_file(mask), pixels, mask.name)
    return mark_garment(pixels, [_point(text) for text in inside], [_point(text) for text in outside])


def _point(text: str) -> Point:
    from facechain_ext.text_values import read_float

    parts = text.split(",")
    try:
        x, y = (read_float(part) for part in parts)
    except ValueError:
        raise typer.BadParameter(f"A point is X,Y in fractions of the picture, as in 0.5,0.6; not “{text}”.") from None
    return x, y


def _write_mark(mask: Mask, file: Path) -> None:
    import numpy as np
    from PIL import Image

    from facechain_ext.storage.atomic_write import atomic_write

    with atomic_write(file, new=True) as part:
        Image.fromarray(mask * np.uint8(255)).save(part, format="PNG")


def _pose(file: Path) -> Image.Image:
    from PIL import Image

    from facechain_ext.faces import read_picture

    return Image.fromarray(read_picture(file).pixels)
