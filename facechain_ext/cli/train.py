"""facechain train: the face adapter and styles; people and things have a module of their own."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from facechain_ext.cli.options import FiniteCommand
from facechain_ext.cli.train_person import person, thing
from facechain_ext.cli.training_process import reported_run
from facechain_ext.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.training.adapter.settings import Settings

app = typer.Typer(help="Train a person, a thing, a style or a face adapter.", no_args_is_help=True)
console = Console()


@app.command("adapter", cls=FiniteCommand)
def adapter(
    *,
    checkpoint: Annotated[Path, typer.Option(help="SD1.5 or SDXL checkpoint to train for; it is not changed.")],
    photos: Annotated[Path, typer.Option(help="One folder for each person, or a tar of that.")],
    out: Annotated[Path, typer.Option(help="Folder of this training; nothing in it is overwritten.")],
    encoder: Annotated[Path | None, typer.Option(help="TransFace file; the downloaded one by default.")] = None,
    init: Annotated[Path | None, typer.Option(help="Adapter to begin with instead of random weights.")] = None,
    settings: Annotated[Path | None, typer.Option(help="JSON file of settings; options go before it.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Updates to make.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Photos at once on each device.")] = None,
    accumulate: Annotated[int | None, typer.Option(min=1, help="Batches for one update.")] = None,
    rate: Annotated[float | None, typer.Option(help="Learning rate.")] = None,
    fair: Annotated[float | None, typer.Option(help="Weight of FAIR; 0 trains without.")] = None,
    shuffle: Annotated[bool | None, typer.Option(help="Face and target from different photos.")] = None,
    precision: Annotated[str | None, typer.Option(help="no, fp16 or bf16.")] = None,
    checkpointing: Annotated[bool | None, typer.Option(help="Less memory for more time.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights and batches.")] = None,
    size: Annotated[int, typer.Option(min=64, help="Side of the squares that are learned, in pixels.")] = 512,
    quality: Annotated[float, typer.Option(min=0, max=1, help="Least quality of a face.")] = 0.1,
    single: Annotated[bool, typer.Option("--single", help="Keep persons with one photo.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where this folder's training stopped.")] = False,
    vae: Annotated[Path | None, typer.Option(help="VAE file, for checkpoints without one.")] = None,
) -> None:
    """Train a face adapter on photos of people; for several GPUs start this with `accelerate launch`."""
    from facechain_ext.training.adapter.run import TrainRequest, train

    chosen = {
        "steps": steps,
        "batch": batch,
        "accumulate": accumulate,
        "rate": rate,
        "fair": fair,
        "shuffle": shuffle,
        "precision": precision,
        "checkpointing": checkpointing,
        "seed": seed,
    }
    request = TrainRequest(checkpoint, photos, out, encoder, init, vae, size=size, quality=quality, single=single)
    with Progress(console=console) as bars:
        bar = bars.add_task("preparing photos", total=None)

        def show(what: str, done: int, total: int | None) -> None:
            bars.update(bar, description=what, completed=done, total=total)

        final = train(request, _settings(settings, chosen), resume=resume, show=show)
    console.print(f"Trained: {final}")


@app.command("adapter-data", cls=FiniteCommand)
def adapter_data(
    *,
    photos: Annotated[Path, typer.Argument(help="One folder for each person, called by name, or a tar of that.")],
    out: Annotated[Path, typer.Option(help="Folder of the set, which `train adapter --photos` takes.")],
    size: Annotated[int, typer.Option(min=64, help="Side of the squares, in pixels.")] = 512,
    quality: Annotated[float, typer.Option(min=0, max=1, help="Least quality of a face.")] = 0.1,
    captioner: Annotated[Path | None, typer.Option(help="Folder of a BLIP model, or a WD tagger's ONNX file.")] = None,
    verify: Annotated[bool, typer.Option(help="Compare the photos under each name and drop other people's.")] = True,
    encoder: Annotated[Path | None, typer.Option(help="Face encoder, which compares where nothing else can.")] = None,
) -> None:
    """Turn folders of photos by name into verified, cropped, masked and captioned sets, with a report.

    Stopped, the same command goes on where it was.
    """
    from facechain_ext import faces
    from facechain_ext.identity import TransFace
    from facechain_ext.identity.face_embedders import face_embedders
    from facechain_ext.training.adapter.prepare import REPORT, PhotoRequirements, prepare
    from facechain_ext.training_runs.captioners import captioner as load_captioner

    masker = faces.head_masker()
    own = TransFace.from_file(encoder) if encoder is not None else None
    with Progress(console=console) as bars:
        bar = bars.add_task("preparing photos", total=None)
        rows = prepare(
            photos,
            out,
            detector=faces.detector(),
            masker=masker,
            requirements=PhotoRequirements(size, quality),
            caption=load_captioner(captioner) if captioner is not None else None,
            embedder=face_embedders(own, masker)[0] if verify else None,
            progress=lambda done, name: bars.update(bar, description=name, completed=done),
        )
    kept = [row for row in rows if not row.dropped]
    console.print(
        f"{len(kept)} of {len(rows)} photos of {len({row.person for row in kept})} persons; {out / REPORT} says why.",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def _settings(path: Path | None, chosen: Mapping[str, object]) -> Settings:
    """The settings of a JSON file, overridden by those of the command line; raises BadParameter for wrong ones."""
    from facechain_ext.training.adapter.settings import Settings

    known = {field.name for field in fields(Settings)}
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise typer.BadParameter(f"{path} cannot be read as JSON ({error}).") from error
        unknown = sorted(set(values) - known) if isinstance(values, dict) else ["that it is no object"]
        if unknown:
            raise typer.BadParameter(f"{path}: unknown settings {', '.join(unknown)}; known are {', '.join(known)}.")
    try:
        return Settings(**values | {name: value for name, value in chosen.items() if value is not None})
    except (TypeError, InputError) as error:
        raise typer.BadParameter(str(error)) from error


@app.command("style", cls=FiniteCommand)
def style(
    *,
    checkpoint: Annotated[Path, typer.Option(help="SD1.5 checkpoint that the style is learned on.")],
    pictures: Annotated[Path, typer.Option(help="Folder of 5 to 50 pictures of one style.")],
    name: Annotated[str, typer.Option(help="Name of the style and, in small letters, of its files.")],
    work: Annotated[Path, typer.Option(help="Folder for state and previews of this training.")],
    trigger: Annotated[str, typer.Option(help="Word that calls the style.")] = "ownstyle",
    lora_dir: Annotated[Path | None, typer.Option(help="LoRA folder of the host, such as models/Lora.")] = None,
    captioner: Annotated[Path | None, typer.Option(help="Folder of a BLIP model, or a WD tagger's ONNX file.")] = None,
    captions_only: Annotated[bool, typer.Option("--captions-only", help="Write captions.csv and stop.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it stopped.")] = False,
    steps: Annotated[int, typer.Option(min=1)] = 1500,
    rate: Annotated[float, typer.Option(help="Learning rate.")] = 1e-4,
    rank: Annotated[int, typer.Option(min=1, help="Rank of the LoRA.")] = 16,
    size: Annotated[int, typer.Option(min=64, help="Side of the squares, in pixels.")] = 512,
    seed: Annotated[int, typer.Option()] = 0,
    vae: Annotated[Path | None, typer.Option(help="VAE file, for checkpoints without one.")] = None,
) -> None:
    """Learn a style; progress comes as lines of JSON, and Ctrl-C or SIGTERM saves and stops."""
    from facechain_ext.training_runs.pictures import TABLE, caption_table

    if captioner is not None or captions_only:
        from facechain_ext.training_runs.captioners import captioner as load_captioner

        rows = caption_table(pictures, trigger, load_captioner(captioner) if captioner is not None else None)
    if captions_only:
        typer.echo(json.dumps({"event": "captions", "file": str(pictures / TABLE), "pictures": len(rows)}))
        return
    with reported_run(work, name, steps) as report:
        from facechain_ext.training.style.run import train_style
        from facechain_ext.training_runs.settings import LoraSettings, StyleRequest

        try:
            settings = LoraSettings(steps=steps, rate=rate, rank=rank, size=size, seed=seed)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        train_style(
            StyleRequest(checkpoint, pictures, name, trigger, work, lora_dir, vae),
            settings,
            resume=resume,
            report=report,
        )


app.command("person", cls=FiniteCommand)(person)
app.command("thing", cls=FiniteCommand)(thing)
