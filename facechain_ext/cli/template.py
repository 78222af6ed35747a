"""facechain template: people into a given picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext.cli.options import Judge, check_demands, limits
from facechain_ext.cli.painting import choice_of, load_bare_host, load_encoder, load_host, load_scene, load_source
from facechain_ext.hosts.diffusers.output import check_new_file
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.readiness import drawing_defaults
from facechain_ext.recipes.studio.presets import PRESETS, STAGES
from facechain_ext.recipes.template.scene import scene_setting
from facechain_ext.recipes.template.settings import template_setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.template.actions import FaceChoice
    from facechain_ext.recipes.template.quality import StageView

console = Console()
_DENOISE, _STRENGTH, _STEPS, _GROWTH, _COUNT, _ENLARGE = (
    template_setting(name) for name in ("denoise", "strength", "steps", "growth", "count", "enlarge")
)

_TRIES = scene_setting("tries")


def template(
    *,
    face: Annotated[list[str], typer.Option(help="NUMBER=card or photo, NUMBER=keep or NUMBER=pixelate; repeated.")],
    out: Annotated[Path, typer.Option(help="The PNG to write.")],
    template: Annotated[Path | None, typer.Option(help="The picture that people are put into.")] = None,
    words: Annotated[
        str, typer.Option(help="Instead of --template: what it shows; the --checkpoint draws it, SDXL's too.")
    ] = "",
    lora: Annotated[str | None, typer.Option(help="For --words: a LoRA as file or file:weight.")] = None,
    pose: Annotated[Path | None, typer.Option(help="For --words: a picture of a pose; needs --openpose.")] = None,
    size: Annotated[str | None, typer.Option(help="For --words: WIDTHxHEIGHT; if not given, what suits.")] = None,
    tries: Annotated[
        int, typer.Option(help="For --words: seeds to draw until faces enough are seen.", **limits(_TRIES))
    ] = _TRIES.default,
    quality: Annotated[
        str,
        typer.Option(help="instant (no checkpoint), standard (painted), faithful (FaceChain's passes) or studio."),
    ] = template_setting("quality").default,
    checkpoint: Annotated[Path | None, typer.Option(help="For standard: a Stable Diffusion 1.5 checkpoint.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="For standard: the face adapter's file.")] = None,
    encoder: Annotated[Path | None, typer.Option(help="For standard with photos: the face encoder's file.")] = None,
    openpose: Annotated[Path | None, typer.Option(help="For faithful: an openpose ControlNet.")] = None,
    canny: Annotated[Path | None, typer.Option(help="For faithful: a canny ControlNet.")] = None,
    color: Annotated[Path | None, typer.Option(help="For studio: a ControlNet of blocks of colour.")] = None,
    tile: Annotated[Path | None, typer.Option(help="For studio: a tile ControlNet.")] = None,
    studio_preset: Annotated[str, typer.Option(help=f"For studio: {', '.join(PRESETS)}.")] = template_setting(
        "studio_preset"
    ).default,
    studio_stages: Annotated[str, typer.Option(help=f"For studio, divided by commas: {', '.join(STAGES)}.")] = "",
    stages_folder: Annotated[
        Path | None, typer.Option(help="For studio: write each stage's picture before and after into this folder.")
    ] = None,
    numbers: Annotated[Path | None, typer.Option(help="Write the template with its faces numbered, as PNG.")] = None,
    denoise: Annotated[float, typer.Option(**limits(_DENOISE))] = _DENOISE.default,
    strength: Annotated[float, typer.Option(**limits(_STRENGTH))] = _STRENGTH.default,
    steps: Annotated[
        int | None,
        typer.Option(**limits(_STEPS), help=f"{_STEPS.default}, or what suits a demo model."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    growth: Annotated[
        float, typer.Option(**limits(_GROWTH), help="What the mask grows, in sides of the face.")
    ] = _GROWTH.default,
    hair: Annotated[bool, typer.Option("--hair", help="Paint the hair too.")] = False,
    method: Annotated[str, typer.Option(help=template_setting("method").help)] = AUTOMATIC,
    count: Annotated[
        int,
        typer.Option(**limits(_COUNT), help="Faces to paint for each place; the most like stays."),
    ] = _COUNT.default,
    fuse: Annotated[bool, typer.Option("--fuse", help="For standard: the photo's face over the painted one.")] = False,
    template_complexion: Annotated[
        bool, typer.Option("--template-complexion", help="For instant: the template's colour of skin, not the photo's.")
    ] = False,
    template_expression: Annotated[
        bool, typer.Option("--template-expression", help="For instant: the template's mouth and eyelids.")
    ] = False,
    template_gaze: Annotated[
        bool, typer.Option("--template-gaze", help="For instant: the eyes look as the template's do.")
    ] = False,
    enlarge: Annotated[
        int, typer.Option(help="Longest side in pixels at the end, by Lanczos; 0 leaves it.", **limits(_ENLARGE))
    ] = _ENLARGE.default,
    judge: Judge = "auto",
    retouch: Annotated[bool, typer.Option("--retouch", help="Retouch the skin of the new faces.")] = False,
) -> None:
    """Put people into the faces of a template, numbered from the left; everything else of it stays as it is.

    With --words the checkpoint draws the template first, in the same run.
    """
    from facechain_ext.cli.template_work import (
        GivenTemplate,
        TemplateWork,
        draw_and_put,
        put_into_picture,
        write_numbers,
    )
    from facechain_ext.identity.likeness_scorer import choose_scorer
    from facechain_ext.methods.registry import read_method_name
    from facechain_ext.recipes.template import QUALITIES, Settings
    from facechain_ext.recipes.template.actions import resolve_actions
    from facechain_ext.recipes.template.qualities import chooses_by_likeness
    from facechain_ext.recipes.tools import retouching

    paints_faces = quality in QUALITIES and QUALITIES[quality].paints
    check_demands(
        (quality in QUALITIES, f"--quality is {', '.join(QUALITIES)}."),
        (
            (template is None) != (not words.strip()),
            "Give a --template, or say with --words what one shows: one of the two.",
        ),
        (checkpoint is not None or not paints_faces, f"--quality {quality} needs a --checkpoint."),
        (checkpoint is not None or not words, "--words needs a --checkpoint that draws them."),
    )
    choices = _parse_faces(face)
    for file in (out, numbers) if numbers is not None else (out,):
        check_new_file(file)
    suited = drawing_defaults(checkpoint)
    if suited.words and (paints_faces or words):
        console.print(suited.words, style="yellow", markup=False)
    nets = {kind: path for kind, path in _nets(openpose, canny, color, tile).items() if path is not None}
    settings = Settings(
        quality=quality,
        denoise=denoise,
        strength=strength,
        steps=steps if steps is not None else suited.suited_steps(_STEPS.default),
        seed=seed,
        growth=growth,
        count=count,
        method=read_method_name(method),
        fuse=fuse,
        template_complexion=template_complexion,
        template_expression=template_expression,
        template_gaze=template_gaze,
        studio_preset=studio_preset,
        studio_stages=studio_stages,
        controls=frozenset(nets),
        sides=suited.painted,
        enlarge=enlarge,
    )
    given = None if template is None else GivenTemplate.read(template, hair=hair and paints_faces)
    if given is not None and numbers is not None:
        write_numbers(given.template, given.targets, numbers)  # it stays where somebody is missing
    actions, refused = resolve_actions(choices, lambda choice: load_source(choice, encoder, paint=paints_faces))
    tools = [retouching()] if retouch else []
    host = load_host(checkpoint, adapter, nets) if checkpoint is not None and paints_faces else None
    scorer = choose_scorer(lambda: load_encoder(encoder), judge) if chooses_by_likeness(settings) else None
    work = TemplateWork(actions, settings, host, hair and paints_faces, scorer, tools, numbers)
    if given is not None:
        finished = put_into_picture(given, work)
    else:
        assert checkpoint is not None
        scene = load_scene(words, lora, pose, size, tries).suited_to(suited)
        finished = draw_and_put(scene, host or load_bare_host(checkpoint, nets), work)
    done = finished.result
    for note in (*refused, *(note for note in done.notes if note not in finished.said)):
        console.print(note, style="yellow", markup=False)
    finished.template.save(done.pixels, out, finished.infotext)
    if stages_folder is not None:
        _save_stages(done.stages, stages_folder)
    console.print(str(out), markup=False, highlight=False, soft_wrap=True)
    if done.stopped:
        console.print("Stopped; what was finished is saved.", style="yellow")
        raise typer.Exit(130)


def _parse_faces(texts: list[str]) -> dict[int, FaceChoice]:
    """``1=anna.safetensors`` and so on; raises InputError for the same number twice."""
    from facechain_ext.recipes.template.actions import parse_face_choice, parse_face_choices
    from facechain_ext.recipes.template.faces import parse_face_number

    entries: list[tuple[str, FaceChoice]] = []
    for text in texts:
        number, separator, value = text.partition("=")
        if not separator or parse_face_number(number) is None or not value:
            raise typer.BadParameter(f"--face takes NUMBER=card or photo, as in 1=anna.safetensors, not “{text}”.")
        if value in ("keep", "pixelate"):
            entries.append((number, parse_face_choice(value)))
        else:
            entries.append((number, choice_of(value)))
    return parse_face_choices(entries)


def _nets(
    openpose: Path | None, canny: Path | None, color: Path | None, tile: Path | None
) -> dict[ControlKind, Path | None]:
    return {"openpose": openpose, "openpose_face": openpose, "canny": canny, "color": color, "tile": tile}


def _save_stages(stages: Sequence[StageView], folder: Path) -> None:
    """Write the pictures of each stage beside each other, before on the left, numbered in the order of the work."""
    from facechain_ext.recipes.sheet import sheet

    folder.mkdir(parents=True, exist_ok=True)
    for number, view in enumerate(stages, 1):
        place = f"face{view.face}" if view.face else "all"
        name = f"{number:02d}-{place}-{view.stage.replace(', ', '-').replace(' ', '-')}.png"
        check_new_file(folder / name)
        title = f"Face {view.face}: {view.stage}" if view.face else view.stage
        sheet([("before", view.before), ("after", view.after)], side=512, title=title).save(folder / name)
