"""facechain redraw: any photo in any style, with the people in it kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facechain_ext.cli.options import Judge, limits
from facechain_ext.cli.painting import choice_of, likeness_scorer, load_encoder, load_host, load_source
from facechain_ext.cli.step_progress import step_progress
from facechain_ext.hosts.diffusers.interrupts import interrupt_requests
from facechain_ext.hosts.diffusers.output import check_new_file
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.setting import find_setting
from facechain_ext.recipes.readiness import drawing_defaults
from facechain_ext.recipes.redraw.settings import REDRAW_SETTINGS, RedrawSettings

console = Console()
_DENOISE, _STRENGTH, _STEPS, _COUNT, _ENLARGE, _METHOD = (
    find_setting(REDRAW_SETTINGS, name) for name in ("denoise", "strength", "steps", "count", "enlarge", "method")
)


def redraw(
    *,
    picture: Annotated[Path, typer.Argument(help="The photo.")],
    checkpoint: Annotated[Path, typer.Option(help="A Stable Diffusion 1.5 checkpoint.")],
    out: Annotated[Path, typer.Option(help="The PNG to write.")],
    look: Annotated[str, typer.Option("--as", help="2D, 3D, or a style's key: facechain styles list.")] = "2D",
    person: Annotated[
        list[str] | None,
        typer.Option(help="A card's file or a photo, from the left; without any, the photo's own people."),
    ] = None,
    adapter: Annotated[Path | None, typer.Option(help="The face adapter's file.")] = None,
    encoder: Annotated[Path | None, typer.Option(help="The face encoder's file.")] = None,
    prompt: Annotated[str, typer.Option(help="What the photo shows.")] = "",
    denoise: Annotated[
        float | None, typer.Option(**limits(_DENOISE), help="More is more drawing; the look's own without it.")
    ] = None,
    strength: Annotated[float | None, typer.Option(**limits(_STRENGTH), help="The look's own without it.")] = None,
    steps: Annotated[
        int | None, typer.Option(**limits(_STEPS), help=f"{_STEPS.default}, or what suits a demo model.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    count: Annotated[int, typer.Option(**limits(_COUNT), help="Drawings; the most like is kept.")] = _COUNT.default,
    enlarge: Annotated[
        int, typer.Option(help="Longest side in pixels at the end, by Lanczos; 0 leaves it.", **limits(_ENLARGE))
    ] = _ENLARGE.default,
    method: Annotated[str, typer.Option(help=_METHOD.help)] = AUTOMATIC,
    judge: Judge = "auto",
    repair: Annotated[bool, typer.Option("--repair", help="Draw each face once more at its own resolution.")] = False,
) -> None:
    """Draw a photo anew as a cartoon (2D, 3D) or in a style of the gallery; the people in it stay themselves."""
    from facechain_ext.methods.registry import read_method_name
    from facechain_ext.recipes.job import Person
    from facechain_ext.recipes.redraw.recipe import people_of_picture
    from facechain_ext.recipes.redraw.recipe import redraw as draw
    from facechain_ext.recipes.redraw.settings import check_redraw_settings, person_strength
    from facechain_ext.recipes.template import read_template
    from facechain_ext.recipes.template.quality import require_identity
    from facechain_ext.styles.loras import lora_folder

    check_new_file(out)
    suited = drawing_defaults(checkpoint)
    if suited.words:
        console.print(suited.words, style="yellow", markup=False)
    chosen = RedrawSettings(
        look=look, prompt=prompt, denoise=denoise, strength=strength,
        steps=_STEPS.default if steps is None else steps, seed=seed, count=count, repair=repair,
        method=read_method_name(method), enlarge=enlarge,
    )  # fmt: skip
    settings = chosen.suited_to(suited, steps_given=steps is not None)
    check_redraw_settings(settings)
    image = read_template(picture)
    if person:
        identities = [require_identity(load_source(choice_of(text), encoder, paint=True)) for text in person]
    else:
        identities, notes = people_of_picture(image, load_encoder(encoder))
        for note in notes:
            console.print(note, style="yellow", markup=False)
    people = [Person(identity, person_strength(settings)) for identity in identities]
    scorer = likeness_scorer(encoder, console, judge)
    host = load_host(checkpoint, adapter, {})
    with interrupt_requests() as interrupted, step_progress(console, interrupted) as progress:
        result = draw(
            image, people, settings, host=host, scorer=scorer, lora_folders=(lora_folder(),), progress=progress
        )
    for note in result.notes:
        console.print(note, style="yellow", markup=False)
    result.image.save(result.image.pixels, out, result.infotext)
    console.print(str(out), markup=False, highlight=False, soft_wrap=True)
    if result.stopped:
        console.print("Stopped; what was finished is saved.", style="yellow")
        raise typer.Exit(130)
