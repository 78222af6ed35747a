"""facechain demo: the main job on a real photo with small models, as the first thing to try."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from facechain_ext import __version__
from facechain_ext.errors import PhotoError
from facechain_ext.portrait.job import Job, Person
from facechain_ext.standalone.output import free_path, prepare_folder, save_picture, save_portraits

if TYPE_CHECKING:
    from facechain_ext.faces import Picture
    from facechain_ext.identity import PreparedFace
    from facechain_ext.portrait.job import Portrait

console = Console()

STRENGTHS = (0.0, 0.5, 1.0)
RANDOM = (
    "The models of this run are small and RANDOM, not trained: the pictures below show that the whole way from photo "
    "to picture works, and nothing about likeness."
)
TRAINED = (
    "The models of this run are small ones, trained on drawn faces only: they show how the adapter acts, not what it "
    "does with real models."
)
_PROMPT = "a closeup photo of a person, blue background, white shirt"
"""In the words of the drawn world, which are all that the small models know."""
_SIDE, _STEPS, _SEED = 96, 20, 7


def demo(
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("outputs"),
    photo: Annotated[Path | None, typer.Option(help="A photo; by default the astronaut of scikit-image.")] = None,
    webui: Annotated[Path | None, typer.Option(help="Instead: put the small models into this webui's folders.")] = None,
) -> None:
    """Make portraits from a real photo with small models: the pictures, a sheet, and what was done as JSON."""
    if webui is not None:
        _into_webui(webui, out)
        return
    from PIL import Image

    from facechain_ext import faces
    from facechain_ext.identity import Identity, TransFace, prepare_face
    from facechain_ext.portrait.sheet import sheet
    from facechain_ext.standalone import DiffusersHost
    from facechain_ext.standalone.small import small_models

    clock = _Clock()
    prepare_folder(out)
    models = small_models(out / "small-models")
    words = TRAINED if models.trained else RANDOM
    console.print(words, style="bold", markup=False)
    picture = faces.read_picture(photo) if photo is not None else astronaut()
    clock.lap("models and photo")
    prepared = prepare_face(picture, None, faces.detector(), faces.head_masker())
    person = Identity.from_photos(picture, TransFace.from_file(models.encoder), name=picture.name)
    clock.lap("photo to identity")
    host = DiffusersHost.from_files(models.checkpoint, adapter=models.adapter)
    clock.lap("loading the checkpoint")
    portraits: list[Portrait] = []
    for strength in STRENGTHS:
        job = Job(
            _PROMPT, people=(Person(person, strength),), seed=_SEED, steps=_STEPS, width=_SIDE, height=_SIDE, cfg=3.0
        )
        portraits += host.generate(job)
        clock.lap(f"portrait at strength {strength:g}")
    paths = save_portraits(portraits, out)
    labels = [f"strength {strength:g}, seed {_SEED}" for strength in STRENGTHS]
    shown = [
        ("photo", Image.fromarray(picture.pixels)),
        ("aligned face", Image.fromarray(prepared.aligned)),
        ("head mask", _mask(picture, prepared)),
        *zip(labels, (portrait.picture for portrait in portraits), strict=True),
    ]
    sheet_path = save_picture(sheet(shown, columns=3, title=words), out, stem="sheet")
    clock.lap("saving")
    report = free_path(out, "portrait", ".json")
    report.write_text(json.dumps(_report(models.trained, person, portraits, paths, clock), indent=1), encoding="utf-8")
    for path in (*paths, sheet_path, report):
        console.print(str(path), markup=False, highlight=False, soft_wrap=True)


def _into_webui(webui: Path, out: Path) -> None:
    from facechain_ext.standalone.small import small_models
    from facechain_ext.standalone.small.webui import install_into

    prepare_folder(out)
    for path in install_into(webui, small_models(out / "small-models")):
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


def astronaut() -> Picture:
    """Eileen Collins, NASA, in the public domain; comes with scikit-image. Raises PhotoError where that is missing."""
    from facechain_ext import faces

    try:
        from skimage import data
    except ImportError as error:
        raise PhotoError(
            "The example photo comes with scikit-image: pip install scikit-image, or give a --photo."
        ) from error
    return faces.read_picture(data.astronaut(), name="astronaut")


def _mask(picture: Picture, prepared: PreparedFace) -> Any:
    """The photo with everything but the head darkened."""
    from PIL import Image

    pixels = picture.pixels.copy()
    pixels[~prepared.head.head] //= 4
    return Image.fromarray(pixels)


def _report(trained: bool, person: Any, portraits: list[Portrait], paths: list[Path], clock: _Clock) -> dict[str, Any]:  # noqa: FBT001
    (fact,) = person.photos
    return {
        "version": __version__,
        "models": "small, trained on drawn faces" if trained else "small, random: the pictures mean nothing",
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
