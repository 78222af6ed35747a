"""facechain detail: the faces of finished pictures painted anew with their own people's identity."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext.cli.options import Judge, limits
from facechain_ext.cli.painting import choice_of, likeness_scorer, load_host, load_source
from facechain_ext.cli.step_progress import step_progress
from facechain_ext.hosts.diffusers.interrupts import interrupt_requests
from facechain_ext.hosts.diffusers.output import check_new_file
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.detail import DETAIL_SETTINGS, repair_faces
from facechain_ext.recipes.readiness import drawing_defaults
from facechain_ext.recipes.template.settings import template_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.recipes.template import Settings, TemplateImage, TemplateResult
    from facechain_ext.recipes.template.settings import FaceAction

console = Console()
_DENOISE, _STRENGTH, _STEPS, _COUNT = (template_setting(name) for name in ("denoise", "strength", "steps", "count"))


def detail(
    *,
    pictures: Annotated[list[Path], typer.Argument(help="Finished pictures.")],
    person: Annotated[list[str], typer.Option(help="A card's file or a photo; repeated, from the left.")],
    checkpoint: Annotated[Path, typer.Option(help="A Stable Diffusion 1.5 checkpoint.")],
    out: Annotated[Path, typer.Option(help="The folder for the repaired pictures, which keep their names, as PNG.")],
    adapter: Annotated[Path | None, typer.Option(help="The face adapter's file.")] = None,
    encoder: Annotated[Path | None, typer.Option(help="With photos: the face encoder's file.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Words for the faces.")] = None,
    denoise: Annotated[float, typer.Option(**limits(_DENOISE))] = DETAIL_SETTINGS.denoise,
    strength: Annotated[float, typer.Option(**limits(_STRENGTH))] = _STRENGTH.default,
    steps: Annotated[
        int | None, typer.Option(**limits(_STEPS), help=f"{_STEPS.default}, or what suits a demo model.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    method: Annotated[str, typer.Option(help=template_setting("method").help)] = AUTOMATIC,
    judge: Judge = "auto",
    count: Annotated[
        int, typer.Option(**limits(_COUNT), help="Faces to paint for each place; the most like stays.")
    ] = _COUNT.default,
) -> None:
    """Paint the faces of people in finished pictures anew, each at a resolution of its own.

    As many people as faces are matched from left to right; otherwise each person gets the face most like theirs, and
    the faces of others stay as they are. A picture that cannot be done is named, and the rest goes on.
    """
    from facechain_ext.errors import Cancelled, FaceChainError
    from facechain_ext.methods.registry import read_method_name
    from facechain_ext.recipes.job import Person
    from facechain_ext.recipes.template import read_template
    from facechain_ext.recipes.template.quality import require_identity

    files = [out / f"{picture.stem}.png" for picture in pictures]
    twice = next((file for file, number in Counter(files).items() if number > 1), None)
    if twice is not None:
        raise typer.BadParameter(f"Two pictures are called {twice.stem}; give them one after the other.")
    for file in files:
        check_new_file(file)
    suited = drawing_defaults(checkpoint)
    if suited.words:
        console.print(suited.words, style="yellow", markup=False)
    chosen = replace(
        DETAIL_SETTINGS,
        prompt=DETAIL_SETTINGS.prompt if prompt is None else prompt,
        denoise=denoise,
        strength=strength,
        steps=_STEPS.default if steps is None else steps,
        seed=seed,
        count=count,
        method=read_method_name(method),
    )
    settings = chosen.suited_to(suited, frozenset(), steps_given=steps is not None)
    sources = [load_source(choice_of(text), encoder, paint=True) for text in person]
    people = [Person(require_identity(source), strength) for source in sources]
    scorer = likeness_scorer(encoder, console, judge)
    host = load_host(checkpoint, adapter, {})
    failed = 0
    with interrupt_requests() as interrupted:
        for picture, file in zip(pictures, files, strict=True):
            if interrupted():
                break
            try:
                image = read_template(picture)
                with step_progress(console, interrupted) as progress:
                    result, actions = repair_faces(
                        image, people, settings, host=host, labels=[source.label for source in sources],
                        scorer=scorer, progress=progress,
                    )  # fmt: skip
            except Cancelled:
                break
            except FaceChainError as error:
                failed += 1
                console.print(f"{picture.name} is left as it is: {error}", style="red", markup=False)
                continue
            _save(image, result, actions, settings, file)
    if interrupted():
        console.print("Stopped; what was finished is saved.", style="yellow")
        raise typer.Exit(130)
    if failed:
        raise typer.Exit(1)


def _save(
    image: TemplateImage, result: TemplateResult, actions: Mapping[int, FaceAction], settings: Settings, file: Path
) -> None:
    """Write a repaired picture with its settings text and label, and print its notes and path."""
    from facechain_ext.recipes.template.infotext import template_infotext

    for note in result.notes:
        console.print(note, style="yellow", markup=False)
    text = template_infotext(image, actions, settings, host_text=result.infotext)
    image.save(result.pixels, file, text)
    console.print(str(file), markup=False, highlight=False, soft_wrap=True)
