"""facechain demo: the main job on a real photo with tiny models, as the first thing to try."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext import __version__
from facechain_ext.hosts.diffusers.output import prepare_folder, save_picture, save_portraits
from facechain_ext.storage.numbered import free_path

if TYPE_CHECKING:
    from PIL import Image

    from facechain_ext.demo import TinyModels
    from facechain_ext.faces import Picture
    from facechain_ext.identity import Identity, PreparedFace
    from facechain_ext.recipes.job import Portrait

console = Console()

RANDOM = (
    "The models of this run are small and RANDOM, not trained: the pictures below show that the whole way from photo "
    "to picture works, and nothing about likeness."
)
SYNTHETIC = "A synthetic person whom the models never saw."
TRAINED = (
    "The models of this run are tiny ones, trained on synthetic faces only: they show how the adapter acts, not what "
    "it does with real models."
)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("outputs"),
    photo: Annotated[Path | None, typer.Option(help="A photo, instead of the examples.")] = None,
    webui: Annotated[Path | None, typer.Option(help="Instead: put the tiny models into this webui's folders.")] = None,
) -> None:
    """Show what this does, with example photos and tiny models: pictures, a sheet, and what was done as JSON."""
    if webui is not None:
        _into_webui(webui, out)
        return
    from facechain_ext import faces
    from facechain_ext.demo import showcase, tiny_models
    from facechain_ext.hosts.diffusers import DiffusersHost
    from facechain_ext.identity import Identity, TransFace, prepare_face

    clock = _Clock()
    prepare_folder(out)
    models = tiny_models(out / "small-models")
    words = TRAINED if models.trained else RANDOM
    console.print(words, style="bold", markup=False)
    pages = [] if photo is not None else [showcase.template_sheet()]
    clock.lap("a real person in a template")
    source = faces.read_picture(photo) if photo is not None else None
    picture = source or faces.read_picture(showcase.held_out_photo(), name="synthetic-person")
    encoder = TransFace.from_file(models.encoder)
    person = Identity.from_photos(picture, encoder, name=picture.name)
    clock.lap("photo to identity")
    host = DiffusersHost.from_files(models.checkpoint, adapter=models.adapter)
    clock.lap("loading the checkpoint")
    portraits: list[Portrait] = []
    for strength in showcase.STRENGTHS:
        portraits += showcase.generate(host, person, strength)
        clock.lap(f"portrait at strength {strength:g}")
    best = None
    if models.trained:
        scored = showcase.best_of(host, encoder, person, strength=1.0, count=showcase.TRIES)
        best = scored.pictures[scored.best]
        clock.lap(f"the most like of {showcase.TRIES}")
    paths = save_portraits([*portraits, *([best] if best is not None else [])], out)
    pages.append(
        showcase.person_sheet(picture.pixels, portraits, best, words if photo is not None else f"{SYNTHETIC} {words}")
    )
    real = source or faces.read_picture(showcase.eileen_collins(), name="astronaut")
    prepared = prepare_face(real, None, faces.detector(), faces.head_masker())
    pages.append(_method(real, prepared))
    sheet_path = save_picture(showcase.stacked(pages), out, stem="sheet")
    clock.lap("saving")
    report = free_path(out, "portrait", ".json")
    made = [*portraits, *([best] if best is not None else [])]
    report.write_text(json.dumps(_report(models, person, made, paths, clock), indent=1), encoding="utf-8")
    for path in (*paths, sheet_path, report):
        console.print(str(path), markup=False, highlight=False, soft_wrap=True)


def _into_webui(webui: Path, out: Path) -> None:
    from facechain_ext.demo import tiny_models
    from facechain_ext.demo.webui import install_into

    prepare_folder(out)
    for path in install_into(webui, tiny_models(out / "small-models")):
        console.print(f"wrote {path}", markup=False)


class _Clock:
    """Seconds of each part of the job."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = round(now - self._last, 3)
        self._last = now
        console.print(f"{part}: {self.seconds[part]:.1f} s", markup=False, highlight=False)


def _method(picture: Picture, prepared: PreparedFace) -> Image.Image:
    """What the encoder sees of a photo."""
    from PIL import Image

    from facechain_ext.recipes.sheet import sheet

    cells = [
        ("photo", Image.fromarray(picture.pixels)),
        ("the head, the rest is left out", _mask(picture, prepared)),
        ("the aligned face that is encoded", Image.fromarray(prepared.aligned)),
    ]
    return sheet(cells, side=216, columns=5, title="What the encoder sees of a photo.")


def _mask(picture: Picture, prepared: PreparedFace) -> Image.Image:
    """The photo with everything but the head darkened."""
    from PIL import Image

    pixels = picture.pixels.copy()
    pixels[~prepared.head.head] //= 4
    return Image.fromarray(pixels)


def _report(
    models: TinyModels, person: Identity, portraits: list[Portrait], paths: list[Path], clock: _Clock
) -> dict[str, object]:
    (fact,) = person.photos
    return {
        "version": __version__,
        "models": "tiny, trained on synthetic faces" if models.trained else "tiny, random: the pictures mean nothing",
        "identity": {
            "name": person.name,
            "digest": person.digest,
            "face": fact.face,
            "box": [round(s) for s in fact.box],
        },
        "providers": {"detector": fact.detector, "masker": fact.masker},
        "notes": list(person.notes),
        "pictures": [
            {"file": path.name, "seed": one.seed, "settings": one.infotext}
            for path, one in zip(paths, portraits, strict=True)
        ],
        "seconds": clock.seconds,
    }
