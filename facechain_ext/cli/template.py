"""facechain template: people into a given picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console

from facechain_ext.errors import PhotoError
from facechain_ext.hosts.diffusers.output import must_be_new
from facechain_ext.recipes.readiness import drawing_defaults
from facechain_ext.weights import find, require

if TYPE_CHECKING:
    from PIL import Image

    from facechain_ext.faces import Picture
    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.host import DiffusersHost
    from facechain_ext.identity import TransFace
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.template import FaceSource
    from facechain_ext.recipes.template.settings import FaceAction, Quality

console = Console()
QUALITIES = ("instant", "standard", "faithful")


def template(
    *,
    template: Annotated[Path, typer.Option(help="The picture that people are put into.")],
    face: Annotated[list[str], typer.Option(help="NUMBER=card or photo, NUMBER=keep or NUMBER=pixelate; repeated.")],
    out: Annotated[Path, typer.Option(help="The PNG to write.")],
    quality: Annotated[
        str,
        typer.Option(help="instant (no checkpoint), standard (faces are painted) or faithful (published passes)."),
    ] = "instant",
    checkpoint: Annotated[Path | None, typer.Option(help="For standard: a Stable Diffusion 1.5 checkpoint.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="For standard: the face adapter's file.")] = None,
    encoder: Annotated[Path | None, typer.Option(help="For standard with photos: the face encoder's file.")] = None,
    openpose: Annotated[Path | None, typer.Option(help="For faithful: an openpose ControlNet.")] = None,
    canny: Annotated[Path | None, typer.Option(help="For faithful: a canny ControlNet.")] = None,
    numbers: Annotated[Path | None, typer.Option(help="Write the template with its faces numbered, as PNG.")] = None,
    denoise: Annotated[float, typer.Option(min=0.05, max=1)] = 0.6,
    strength: Annotated[float, typer.Option(min=0, max=2)] = 0.55,
    steps: Annotated[int | None, typer.Option(min=1, max=150, help="30, or what suits a demo model.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    growth: Annotated[float, typer.Option(min=0, max=0.3, help="What the mask grows, in sides of the face.")] = 0.04,
    hair: Annotated[bool, typer.Option("--hair", help="Paint the hair too.")] = False,
    count: Annotated[int, typer.Option(min=1, max=32, help="Faces to paint for each place; the most like stays.")] = 1,
    fuse: Annotated[bool, typer.Option("--fuse", help="For standard: the photo's face over the painted one.")] = False,
    retouch: Annotated[bool, typer.Option("--retouch", help="Retouch the skin of the new faces.")] = False,
) -> None:
    """Put people into the faces of a template, numbered from the left; everything else of it stays as it is."""
    from facechain_ext.identity.likeness_scorer import choose_scorer
    from facechain_ext.recipes.template import (
        Settings,
        draw_face_numbers,
        find_template_faces,
        make,
        read_template,
        resolve_actions,
    )
    from facechain_ext.recipes.template.infotext import template_infotext
    from facechain_ext.recipes.tools import retouching

    if quality not in QUALITIES:
        raise typer.BadParameter(f"--quality is {', '.join(QUALITIES)}.")
    if quality != "instant" and checkpoint is None:
        raise typer.BadParameter(f"--quality {quality} needs a --checkpoint.")
    wanted = _orders(face)
    for file in (out, numbers) if numbers is not None else (out,):
        must_be_new(file)
    suited = drawing_defaults(checkpoint)
    if suited.words and quality != "instant":
        console.print(suited.words, style="yellow", markup=False)
    nets = {kind: path for kind, path in _nets(openpose, canny).items() if path is not None}
    settings = Settings(
        quality=cast("Quality", quality),
        denoise=denoise,
        strength=strength,
        steps=steps if steps is not None else min(30, suited.steps),
        seed=seed,
        growth=growth,
        count=count,
        fuse=fuse,
        controls=frozenset(nets),
        sides=suited.painted,
    )
    canvas = read_template(template)
    targets = find_template_faces(canvas.pixels, hair=hair and settings.paints)
    if numbers is not None:
        canvas.save(_pixels(draw_face_numbers(canvas.pixels, targets)), numbers)
    choices, refused = resolve_actions(wanted, lambda who: _choice(who, encoder, paint=settings.paints))
    host = _host(checkpoint, adapter, nets) if settings.paints and checkpoint is not None else None
    scorer = choose_scorer(lambda: _encoder(encoder)) if settings.chooses else None
    tools = [retouching()] if retouch else []
    with console.status("Putting people in"):
        done = make(canvas, choices, settings, host=host, targets=targets, scorer=scorer, tools=tools)
    for note in (*refused, *done.notes):
        console.print(note, style="yellow", markup=False)
    text = template_infotext(
        canvas, choices, settings, hair=hair and settings.paints, tools=[tool.name for tool in tools],
        host_text=done.infotext,
    )  # fmt: skip
    canvas.save(done.pixels, out, text)
    console.print(str(out), markup=False, highlight=False, soft_wrap=True)


def _orders(texts: list[str]) -> dict[int, str]:
    """``1=anna.safetensors`` and so on; raises PhotoError for the same number twice."""
    from facechain_ext.recipes.template import parse_face_number

    wanted: dict[int, str] = {}
    for text in texts:
        number, sign, who = text.partition("=")
        read = parse_face_number(number)
        if not sign or read is None or not who:
            raise typer.BadParameter(f"--face takes NUMBER=card or photo, as in 1=anna.safetensors, not “{text}”.")
        if read in wanted:
            raise PhotoError(f"Face {read} is named twice; name every face once.")
        wanted[read] = who
    return wanted


def _choice(who: str, encoder: Path | None, *, paint: bool) -> FaceAction:
    if who == "keep":
        return "keep"
    if who == "pixelate":
        return "pixelate"
    return _guest(Path(who), encoder, paint=paint)


def _guest(path: Path, encoder: Path | None, *, paint: bool) -> FaceSource:
    """A person from a card or a photo; a photo is encoded only where faces are painted."""
    from facechain_ext.faces import read_picture
    from facechain_ext.identity import Identity
    from facechain_ext.recipes.template import FaceSource

    if path.suffix == ".safetensors":
        return FaceSource(Identity.load(path), source=f"card {path.stem}")
    picture = read_picture(path)
    identity = Identity.from_photos(picture, _encoder(encoder)) if paint else None
    for note in identity.notes if identity is not None else _doubts(picture):
        console.print(f"{path.name}: {note}", style="yellow", markup=False)
    return FaceSource(identity, picture.pixels, f"photo {picture.digest[:12]}")


def _doubts(picture: Picture) -> list[str]:
    """What is doubtful about a photo whose face is laid over the template's."""
    from facechain_ext import faces

    found = faces.detector().detect(picture.pixels)
    words = list(faces.assess_quality(picture.pixels, faces.choose_face(found, None)).reasons) if found else []
    return [*picture.notes, *(f"The face is {reason}; a better photo gives a better likeness." for reason in words)]


def _encoder(file: Path | None) -> TransFace:
    from facechain_ext.identity import TransFace

    return TransFace.from_file(file or require("transface"))


def _nets(openpose: Path | None, canny: Path | None) -> dict[ControlKind, Path | None]:
    return {"openpose": openpose, "openpose_face": openpose, "canny": canny}


def _host(checkpoint: Path, adapter: Path | None, nets: dict[ControlKind, Path]) -> DiffusersHost:
    from facechain_ext.hosts.diffusers import DiffusersHost

    chosen = adapter or find("adapter-majic") or require("adapter-film")
    return DiffusersHost.from_files(checkpoint, adapter=chosen, controlnets=nets)


def _pixels(picture: Image.Image) -> Pixels:
    import numpy as np

    return np.asarray(picture.convert("RGB"))
