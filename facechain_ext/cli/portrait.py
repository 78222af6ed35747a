"""facechain portrait: photos of a person in, portraits of that person out."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from facechain_ext.cli.generation import generate_and_save
from facechain_ext.cli.options import limits
from facechain_ext.hosts.diffusers.output import prepare_folder
from facechain_ext.recipes.arguments import parse_method_settings
from facechain_ext.recipes.job import Control, Hires, Job, Lora, Person
from facechain_ext.recipes.portrait_settings import portrait_setting
from facechain_ext.recipes.readiness import drawing_defaults, is_sdxl
from facechain_ext.text_values import read_float
from facechain_ext.weights import find, require

if TYPE_CHECKING:
    from PIL import Image

    from facechain_ext.identity import Identity

N = TypeVar("N", int, float)
console = Console()

_STRENGTH, _COUNT, _STEPS, _CFG, _POSE_WEIGHT, _HIRES_SCALE, _HIRES_DENOISE = (
    portrait_setting(name)
    for name in ("strength", "count", "steps", "cfg", "pose_weight", "hires_scale", "hires_denoise")
)


def portrait(
    *,
    checkpoint: Annotated[Path, typer.Option(help="A checkpoint of SD1.5 or SDXL (.safetensors or .ckpt).")],
    prompt: Annotated[str, typer.Option(help="What the picture shows, in the webui's syntax.")] = "",
    style: Annotated[str | None, typer.Option(help="A style's key: see facechain styles list.")] = None,
    subject: Annotated[
        str, typer.Option(help="With a style: words for the person, such as “a young woman”.")
    ] = "a person",
    keep: Annotated[int | None, typer.Option(help="Keep so many of the pictures, the most like.", min=1)] = None,
    early: Annotated[
        bool, typer.Option("--early", help="With --keep: give up pictures at 40 % that promise less likeness.")
    ] = False,
    photo: Annotated[list[Path] | None, typer.Option(help="A photo of the person; may be given several times.")] = None,
    card: Annotated[Path | None, typer.Option(help="A card, instead of photos.")] = None,
    face: Annotated[
        int | None, typer.Option(help="Number of the face, from the left; the largest if not given.")
    ] = None,
    adapter: Annotated[
        Path | None, typer.Option(help="The face adapter's file. If not given: the style's, else majic.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="How the person is put in: FACT (SD1.5), PhotoMaker (SDXL), or what fits.")
    ] = "auto",
    photomaker: Annotated[
        Path | None, typer.Option(help="With SDXL: the PhotoMaker file. If not given: the one that is there.")
    ] = None,
    encoder: Annotated[Path | None, typer.Option(help="The face encoder's file.")] = None,
    vae: Annotated[Path | None, typer.Option(help="A VAE's file, for a checkpoint without one.")] = None,
    negative: Annotated[str, typer.Option(help="What the picture should not show.")] = "",
    lora: Annotated[list[str] | None, typer.Option(help="A LoRA as file or file:weight; may be repeated.")] = None,
    pose: Annotated[Path | None, typer.Option(help="A picture of the pose, or its skeleton.")] = None,
    controlnet: Annotated[Path | None, typer.Option(help="An openpose ControlNet: a file or a folder.")] = None,
    pose_weight: Annotated[
        float, typer.Option(help="Weight of the pose.", **limits(_POSE_WEIGHT))
    ] = _POSE_WEIGHT.default,
    skeleton: Annotated[bool, typer.Option("--skeleton", help="The pose picture is a skeleton already.")] = False,
    count: Annotated[int, typer.Option(help="How many pictures.", **limits(_COUNT))] = _COUNT.default,
    seed: Annotated[int, typer.Option(help="Seed of the first picture.", min=0)] = 0,
    steps: Annotated[int | None, typer.Option(**limits(_STEPS), help="25, or what suits a demo model.")] = None,
    sampler: Annotated[str, typer.Option(help="The webui's name of a sampler.")] = portrait_setting("sampler").default,
    cfg: Annotated[float, typer.Option(**limits(_CFG))] = _CFG.default,
    size: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT in pixels: 512x512, or what suits a demo model.")
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(
            help=f"{_STRENGTH.help} If not given: the style's, else {_STRENGTH.default:g}.",
            **limits(_STRENGTH),
        ),
    ] = None,
    window: Annotated[str, typer.Option(help="First and last fraction of the steps of the face: A-B.")] = "0-1",
    hires: Annotated[
        float | None,
        typer.Option(help="Second pass at so many times the size.", **limits(_HIRES_SCALE)),
    ] = None,
    hires_denoise: Annotated[float, typer.Option(**limits(_HIRES_DENOISE))] = _HIRES_DENOISE.default,
    setting: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE for a setting of a method that has no option of its own; may be repeated."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("outputs"),
) -> None:
    """Make portraits of the person in the photos."""
    suited, sdxl = drawing_defaults(checkpoint), is_sdxl(checkpoint)
    width, height = (suited.width, suited.height) if size is None else _pair(size, "x", "--size", int)
    first, last = _pair(window, "-", "--window", float)
    _check(
        (0 <= first <= last <= 1, "--window takes two fractions from 0 to 1, the first before the last, as in 0-0.8."),
        (bool(prompt) or style is not None, "Say with --prompt what the picture shows, or choose a --style."),
        (bool(photo) or card is not None, "Give a --photo of the person, or a --card."),
        (not photo or card is None, "Give --photo or --card, not both: a card is one person already."),
        (face is None or card is None, "--face chooses a face of a --photo; a --card is of one person already."),
        (adapter is None or not sdxl, "--adapter is for SD1.5; with an SDXL checkpoint give --photomaker."),
        (photomaker is None or sdxl, "--photomaker is for SDXL; with an SD1.5 checkpoint give --adapter."),
        (not early or keep is not None, "--early chooses for --keep: say how many pictures to keep."),
        (pose is None or controlnet is not None, "--pose needs an openpose --controlnet."),
    )
    loras = tuple(_lora(text) for text in lora or ())
    method_settings = parse_method_settings(setting or [])
    prepare_folder(out)
    if suited.words and (size is None or steps is None):
        console.print(suited.words, style="yellow", markup=False)

    from facechain_ext.hosts.diffusers import DiffusersHost
    from facechain_ext.identity import TransFace
    from facechain_ext.identity.likeness_scorer import choose_scorer

    with console.status("Reading the photos"):
        person = _person(photo or [], card, face, encoder)
    for note in person.notes:
        console.print(note, style="yellow", markup=False)
    controls = (Control("openpose", _picture(pose), pose_weight, prepared=skeleton),) if pose is not None else ()
    job = Job(
        prompt=prompt,
        negative_prompt=negative,
        people=(Person(person, _STRENGTH.default if strength is None else strength, (first, last)),),
        method=method,
        method_settings=method_settings,
        count=count,
        seed=seed,
        steps=suited.steps if steps is None else steps,
        sampler=sampler,
        cfg=cfg,
        width=width,
        height=height,
        loras=loras,
        controls=controls,
        hires=Hires(hires, hires_denoise) if hires is not None else None,
    )
    if style is not None:
        job = _styled(job, style, subject, strength)
    with console.status("Loading the models"):
        host = DiffusersHost.from_files(
            checkpoint,
            adapter=adapter or (None if sdxl else _adapter(job)),
            photomaker=photomaker,
            controlnets={"openpose": controlnet} if controlnet is not None else {},
            vae=vae,
        )
    scorer = choose_scorer(lambda: TransFace.from_file(encoder or require("transface"))) if keep is not None else None
    if not generate_and_save(host, job, out, keep, scorer, early=early):
        console.print("Stopped; what was finished is saved.", style="yellow")
        raise typer.Exit(130)


def _check(*demands: tuple[bool, str]) -> None:
    """Raise BadParameter for the first demand that is not met."""
    for met, words in demands:
        if not met:
            raise typer.BadParameter(words)


def _adapter(job: Job) -> Path:
    """The adapter's file that the job's style suggests, else the first that is there; raises WeightsError for none."""
    suggested = find(f"adapter-{job.adapter}") if job.adapter is not None else None
    return suggested or find("adapter-majic") or require("adapter-film")


def _styled(job: Job, name: str, subject: str, strength: float | None) -> Job:
    """``job`` with a style's words, LoRA and adapter, and its strength unless one is given.

    Raises StyleError for an unknown style.
    """
    from facechain_ext.recipes.style import Settings, plan
    from facechain_ext.styles import find_style

    (person,) = job.people
    planned, notes = plan(
        person.identity,
        find_style(name),
        Settings(strength=strength, window=person.window),
        subject=subject,
        prompt=job.prompt,
        negative_prompt=job.negative_prompt,
    )
    for note in notes:
        console.print(note, style="yellow", markup=False)
    return replace(
        job,
        prompt=planned.prompt,
        negative_prompt=planned.negative_prompt,
        loras=planned.loras + job.loras,
        people=planned.people,
        adapter=planned.adapter,
    )


def _person(photos: list[Path], card: Path | None, face: int | None, encoder: Path | None) -> Identity:
    from facechain_ext.identity import Identity, TransFace

    if card is not None:
        return Identity.load(card)
    reader = TransFace.from_file(encoder or require("transface"))
    return Identity.from_photos([*photos], reader, face=face)


def _picture(path: Path) -> Image.Image:
    from PIL import Image

    from facechain_ext.faces import read_picture

    return Image.fromarray(read_picture(path).pixels)


def _pair(text: str, sign: str, option: str, kind: type[N]) -> tuple[N, N]:
    match = re.fullmatch(rf"\s*([0-9.]{{1,12}})\s*{sign}\s*([0-9.]{{1,12}})\s*", text, re.IGNORECASE)
    refusal = typer.BadParameter(f"{option} takes two numbers with {sign} between, not “{text}”.")
    if match is None:
        raise refusal
    try:
        return kind(match[1]), kind(match[2])
    except ValueError:
        raise refusal from None


def _lora(text: str) -> Lora:
    """``file`` or ``file:weight``; a drive letter's colon is no weight."""
    file, colon, weight = text.rpartition(":")
    if not colon or not weight.strip() or not set(weight) <= set("0123456789.+-eE "):
        return Lora(Path(text))
    if os.path.isfile(text):  # noqa: PTH113 - a file may be called so; a name too long is none, not an error
        return Lora(Path(text))
    try:
        return Lora(Path(file), read_float(weight))
    except ValueError:
        raise typer.BadParameter(f"--lora takes a file, or file:weight with a number, not “{text}”.") from None
