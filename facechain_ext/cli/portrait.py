"""facechain portrait: photos of a person in, portraits of that person out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext.cli.generation import generate_and_save
from facechain_ext.cli.options import Judge, check_demands, limits, parse_lora, parse_pair
from facechain_ext.cli.painting import load_encoder
from facechain_ext.hosts.diffusers.output import prepare_folder
from facechain_ext.recipes.arguments import parse_method_settings
from facechain_ext.recipes.finishing import PortraitFinisher
from facechain_ext.recipes.framing import FULL_BODY, UPPER_BODY, framing_settings, full_body_controls
from facechain_ext.recipes.job import Control, Hires, Job, Person
from facechain_ext.recipes.portrait_settings import portrait_setting
from facechain_ext.recipes.readiness import drawing_defaults, is_sdxl
from facechain_ext.recipes.style_settings import FULL_BODY_WORDS, Settings, finishing_remarks
from facechain_ext.weights import find, require

if TYPE_CHECKING:
    from PIL import Image

    from facechain_ext.identity import Identity

console = Console()

_STRENGTH, _COUNT, _STEPS, _CFG, _POSE_WEIGHT, _HIRES_SCALE, _HIRES_DENOISE, _ENLARGE = (
    portrait_setting(name)
    for name in ("strength", "count", "steps", "cfg", "pose_weight", "hires_scale", "hires_denoise", "enlarge")
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
    judge: Judge = "auto",
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
    steps: Annotated[
        int | None, typer.Option(**limits(_STEPS), help=f"{_STEPS.default}, or what suits a demo model.")
    ] = None,
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
    hires_denoise: Annotated[
        float | None, typer.Option(show_default=f"{_HIRES_DENOISE.default:g}", **limits(_HIRES_DENOISE))
    ] = None,
    full_body: Annotated[
        bool, typer.Option("--full-body", help="All of the person: size, hires pass, words and repaired faces for it.")
    ] = False,
    repair_faces: Annotated[
        bool, typer.Option("--repair-faces", help="Paint the face anew at the end, at a resolution of its own.")
    ] = False,
    enlarge: Annotated[
        int, typer.Option(help="Longest side in pixels at the end, by Lanczos; 0 leaves it.", **limits(_ENLARGE))
    ] = _ENLARGE.default,
    setting: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE for a setting of a method that has no option of its own; may be repeated."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("outputs"),
) -> None:
    """Make portraits of the person in the photos."""
    suited, sdxl = drawing_defaults(checkpoint), is_sdxl(checkpoint)
    framed = framing_settings(FULL_BODY if full_body else UPPER_BODY, suited)
    width, height = (framed["width"], framed["height"]) if size is None else parse_pair(size, "x", "--size", int)
    denoise = _HIRES_DENOISE.default if hires_denoise is None else hires_denoise
    if hires is None and framed["hires"]:
        hires, denoise = framed["hires_scale"], framed["hires_denoise"] if hires_denoise is None else hires_denoise
    settings = Settings(
        strength=strength, width=width, height=height, framing=FULL_BODY if full_body else UPPER_BODY,
        repair_faces=repair_faces or full_body, enlarge=enlarge,
    )  # fmt: skip
    first, last = parse_pair(window, "-", "--window", float)
    check_demands(
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
    loras = tuple(parse_lora(text) for text in lora or ())
    method_settings = parse_method_settings(setting or [])
    prepare_folder(out)
    if suited.words and (size is None or steps is None):
        console.print(suited.words, style="yellow", markup=False)

    from facechain_ext.hosts.diffusers import DiffusersHost
    from facechain_ext.identity.likeness_scorer import choose_scorer

    with console.status("Reading the photos"):
        person = _person(photo or [], card, face, encoder)
    for note in person.notes:
        console.print(note, style="yellow", markup=False)
    if pose is not None:
        controls: tuple[Control, ...] = (Control("openpose", _picture(pose), pose_weight, prepared=skeleton),)
    else:
        controls = full_body_controls(settings, frozenset({"openpose"} if controlnet is not None else ()))
    job = Job(
        prompt=f"{prompt}, {FULL_BODY_WORDS}" if full_body and style is None else prompt,
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
        hires=Hires(hires, denoise) if hires is not None else None,
        remarks=finishing_remarks(settings),
    )
    if style is not None:
        job = _styled(job, style, subject, settings)
    with console.status("Loading the models"):
        host = DiffusersHost.from_files(
            checkpoint,
            adapter=adapter or (None if sdxl else _adapter(job)),
            photomaker=photomaker,
            controlnets={"openpose": controlnet} if controlnet is not None else {},
            vae=vae,
        )
    scorer = choose_scorer(lambda: load_encoder(encoder), judge) if keep is not None else None
    finisher = PortraitFinisher(host, settings, suited.painted, scorer) if settings.finishes else None
    if not generate_and_save(host, job, out, keep, scorer, early=early, finisher=finisher):
        console.print("Stopped; what was finished is saved.", style="yellow")
        raise typer.Exit(130)


def _adapter(job: Job) -> Path:
    """The adapter's file that the job's style suggests, else the first that is there; raises WeightsError for none."""
    suggested = find(f"adapter-{job.adapter}") if job.adapter is not None else None
    return suggested or find("adapter-majic") or require("adapter-film")


def _styled(job: Job, name: str, subject: str, settings: Settings) -> Job:
    """``job`` with a style's words, LoRA and adapter, and its strength unless one is given.

    Raises StyleError for an unknown style.
    """
    from facechain_ext.recipes.style import plan
    from facechain_ext.styles import find_style

    (person,) = job.people
    planned, notes = plan(
        person.identity,
        find_style(name),
        replace(settings, window=person.window),
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
    from facechain_ext.identity import Identity

    if card is not None:
        return Identity.load(card)
    return Identity.from_photos([*photos], load_encoder(encoder), face=face)


def _picture(path: Path) -> Image.Image:
    from PIL import Image

    from facechain_ext.faces import read_picture

    return Image.fromarray(read_picture(path).pixels)
