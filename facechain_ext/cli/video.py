"""facechain video: a person in a moving picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext.cli.options import limits
from facechain_ext.cli.painting import choice_of, load_encoder, load_source
from facechain_ext.cli.step_progress import step_progress
from facechain_ext.cli.talk import ask_consent
from facechain_ext.hosts.diffusers.interrupts import interrupt_requests
from facechain_ext.hosts.diffusers.output import check_new_file
from facechain_ext.identity.consent import MOVING_CONSENT
from facechain_ext.methods.fact.presets import SETTINGS
from facechain_ext.methods.setting import find_setting
from facechain_ext.recipes.clip.animated import FRAMES, MAX_SIDE, MIN_DENOISE, MIN_SIDE, ClipJob, frames_at, start_from
from facechain_ext.recipes.clip.settings import CLIP_SETTINGS
from facechain_ext.recipes.portrait_settings import portrait_setting
from facechain_ext.recipes.readiness import drawing_defaults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity

console = Console()
_OPACITY = find_setting(CLIP_SETTINGS, "strength")
_STRENGTH, _STEPS, _CFG = (portrait_setting(name) for name in ("strength", "steps", "cfg"))
_PRESET = find_setting(SETTINGS, "preset")


def video(
    *,
    prompt: Annotated[str, typer.Argument(help="What a clip from a prompt shows.")] = "",
    photo: Annotated[Path, typer.Option(help="A photo of the person, or a card for a clip from a prompt.")],
    out: Annotated[Path, typer.Option(help="The file to write: .mp4, or .gif or .webp without sound.")],
    template: Annotated[Path | None, typer.Option(help="The clip in which a face becomes this person's.")] = None,
    face: Annotated[
        int | None, typer.Option(help="Number of the face in the first frame, from the left; the largest if not given.")
    ] = None,
    strength: Annotated[float, typer.Option(**limits(_OPACITY), help="Opacity of the new face.")] = _OPACITY.default,
    photo_expression: Annotated[
        bool, typer.Option("--photo-expression", help="Mouth and eyelids stay as in the photo.")
    ] = False,
    template_complexion: Annotated[
        bool, typer.Option("--template-complexion", help="The clip's colour of skin, not the photo's.")
    ] = False,
    checkpoint: Annotated[Path | None, typer.Option(help="For a prompt: a Stable Diffusion 1.5 checkpoint.")] = None,
    motion: Annotated[
        Path | None, typer.Option(help="For a prompt: AnimateDiff's motion module, .safetensors or a folder.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="For a prompt: a clip, or a picture, over which the new clip is drawn.")
    ] = None,
    denoise: Annotated[
        float, typer.Option(min=MIN_DENOISE, max=1, help="With --source: how much of it is drawn anew.")
    ] = ClipJob.denoise,
    preset: Annotated[
        str, typer.Option(help=f"For a prompt: how the face is computed, {' or '.join(_PRESET.choices)}.")
    ] = _PRESET.default,
    adapter: Annotated[Path | None, typer.Option(help="For a prompt: the face adapter's file.")] = None,
    encoder: Annotated[Path | None, typer.Option(help="For a prompt with a photo: the face encoder's file.")] = None,
    negative: Annotated[str, typer.Option(help="What the clip should not show.")] = "",
    frames: Annotated[int, typer.Option(min=1, help="Frames of a clip from a prompt.")] = FRAMES,
    fps: Annotated[float, typer.Option(min=1, max=60, help="Frames a second of a clip from a prompt.")] = 8.0,
    face_strength: Annotated[
        float, typer.Option(**limits(_STRENGTH), help="Strength of the person in the prompt.")
    ] = _STRENGTH.default,
    steps: Annotated[int | None, typer.Option(**limits(_STEPS), help="25, or what suits a demo model.")] = None,
    cfg: Annotated[float, typer.Option(**limits(_CFG))] = _CFG.default,
    size: Annotated[
        int | None, typer.Option(min=MIN_SIDE, max=MAX_SIDE, help="Side: 512, or what suits a demo model.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    mark: Annotated[bool, typer.Option("--mark/--no-mark", help="Draw the visible mark.")] = True,
    consent: Annotated[bool, typer.Option("--consent", help=f"{MOVING_CONSENT}.")] = False,
) -> None:
    """Put a person into a moving picture.

    With --template the chosen face of a clip is followed and replaced in every frame, and all else stays as it is.
    With words a clip is made by AnimateDiff, with the person in every frame: out of nothing, or over a --source.
    """
    from facechain_ext.faces import read_picture
    from facechain_ext.labels import read_packet
    from facechain_ext.media.clip import open_clip
    from facechain_ext.recipes.clip.recipe import make_clip
    from facechain_ext.recipes.clip.settings import ClipSettings

    if (template is None) == (not prompt.strip()):
        raise typer.BadParameter("Give --template with a clip, or words that a new clip shows.")
    if template is not None and source is not None:
        raise typer.BadParameter("A --template keeps all but a face, a --source is drawn anew; give one of them.")
    if template is None and (checkpoint is None or motion is None):
        raise typer.BadParameter("A clip from words needs a --checkpoint and a --motion module.")
    ask_consent(given=consent)
    check_new_file(out)
    if template is None:
        assert checkpoint is not None
        assert motion is not None
        suited = drawing_defaults(checkpoint)
        side = (suited.width, suited.height) if size is None else (size, size)
        chosen = suited.steps if steps is None else steps
        job = ClipJob(prompt, negative, frames, chosen, cfg, *side, seed, denoise=denoise)
        settings = {"preset": _PRESET.read(preset)}
        if source is not None:
            from facechain_ext.jobs.items import PICTURES

            is_picture = source.suffix.lower() in PICTURES
            starts = [read_picture(source).pixels] * frames if is_picture else frames_at(open_clip(source), fps, frames)
            job = start_from(job, starts)
        files = (checkpoint, motion, adapter, encoder)
        make_animated(job, photo, files, out, face_strength, settings, source=source, fps=fps, mark=mark)
        return
    chosen_settings = ClipSettings(face, strength, not photo_expression, template_complexion, mark)
    picture = read_picture(photo)  # both say what a file is that cannot be read
    open_clip(template)
    packets = [packet for packet in (read_packet(file.read_bytes()) for file in (photo, template)) if packet]
    with interrupt_requests() as interrupted, step_progress(console, interrupted) as progress:
        notes = make_clip(template, picture.pixels, out, chosen_settings, inherited=packets, progress=progress)
    for note in (*picture.notes, *notes):
        console.print(note, style="yellow", markup=False)
    console.print(str(out), markup=False, highlight=False, soft_wrap=True)


def make_animated(
    job: ClipJob,
    photo: Path,
    files: tuple[Path, Path, Path | None, Path | None],
    out: Path,
    strength: float,
    settings: Mapping[str, object],
    *,
    source: Path | None,
    fps: float,
    mark: bool,
) -> None:
    """Write a clip from words, over ``source``; ``files`` are checkpoint, motion module, adapter and encoder."""
    from facechain_ext.devices import default_dtype, diffusion_device
    from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
    from facechain_ext.hosts.diffusers.clip import ClipHost, load_motion
    from facechain_ext.labels import read_packet
    from facechain_ext.labels.label import COMPOSITE, TRAINED
    from facechain_ext.methods.fact import load_adapter
    from facechain_ext.recipes.job import Person
    from facechain_ext.recipes.moving_file import save_frames
    from facechain_ext.recipes.template.quality import require_identity
    from facechain_ext.weights import find, require

    checkpoint, motion, adapter, encoder = files
    with console.status("Reading the photo"):
        person = require_identity(load_source(choice_of(str(photo)), encoder, paint=True))
    with console.status("Loading the models"):
        place = str(diffusion_device())
        dtype = default_dtype(place)
        chosen = adapter or find("adapter-majic") or require("adapter-film")
        host = ClipHost(
            load_checkpoint(checkpoint, device=place, dtype=dtype), load_motion(motion, dtype),
            load_adapter(chosen, dtype=dtype),
        )  # fmt: skip
    with interrupt_requests() as interrupted, step_progress(console, interrupted) as progress:
        made = host.frames(job, Person(person, strength), settings=settings, progress=progress)
    packet = "" if source is None else read_packet(source.read_bytes())
    kind = TRAINED if source is None else COMPOSITE
    save_frames(made, out, fps, kind=kind, mark=mark, inherited=[packet] if packet else [], total=len(made))
    sentence = _likeness(made, person, encoder)
    if sentence:
        console.print(sentence, markup=False)
    console.print(str(out), markup=False, highlight=False, soft_wrap=True)


def _likeness(frames: list[Pixels], person: Identity, encoder: Path | None) -> str:
    """The likeness over the frames as a sentence; "" where nothing scores it."""
    from facechain_ext.errors import WeightsError
    from facechain_ext.identity.likeness_scorer import choose_scorer
    from facechain_ext.recipes.clip.likeness import clip_likeness

    try:
        scorer = choose_scorer(lambda: load_encoder(encoder))
    except WeightsError:
        return ""
    return clip_likeness(frames, person, scorer).sentence
