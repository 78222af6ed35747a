"""facechain train person and facechain train thing: a LoRA from a few photos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facechain_ext.cli.training_process import reported_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.faces.types import Pixels
    from facechain_ext.training_runs.photos.drawn_views import DrawnView
    from facechain_ext.training_runs.settings import LoraSettings, PersonRequest

TRIGGER = "ohwx"
"""A word that means nothing to CLIP (a rare token, as DreamBooth wants it: arXiv 2208.12242)."""

_Photos = Annotated[list[Path], typer.Argument(help="Photos, or folders of them: 1 to 20.")]
_Checkpoint = Annotated[Path, typer.Option(help="SD1.5 or SDXL checkpoint to learn on; it is not changed.")]
_Name = Annotated[str, typer.Option(help="Name of the LoRA and of the card.")]
_Work = Annotated[Path, typer.Option(help="Folder of this training: prepared photos, state and previews.")]
_Loras = Annotated[Path | None, typer.Option(help="LoRA folder of the host, such as models/Lora.")]
_Trigger = Annotated[str, typer.Option(help="Word that calls what was learned.")]
_Resume = Annotated[bool, typer.Option("--resume", help="Go on where it stopped.")]
_Prepare = Annotated[bool, typer.Option("--prepare-only", help="Prepare the photos and stop, to look at them first.")]
_Preset = Annotated[str, typer.Option(help="ours, EasyPhoto or FaceChain v3.")]
_Captioner = Annotated[Path | None, typer.Option(help="Folder of a BLIP model, or a WD tagger's ONNX file.")]
_Vae = Annotated[Path | None, typer.Option(help="VAE file, for checkpoints without one.")]
_Steps = Annotated[int | None, typer.Option(min=1, help="Steps; the preset's if not given.")]
_Rate = Annotated[float | None, typer.Option(help="Learning rate; the preset's if not given.")]
_Rank = Annotated[int | None, typer.Option(min=1, help="Rank; the preset's if not given.")]
_Batch = Annotated[int | None, typer.Option(min=1, help="Pictures in a step; the preset's if not given.")]
_Size = Annotated[int, typer.Option(min=0, help="Side of the squares in pixels; 0: 512, or 1024 for SDXL.")]
_Seed = Annotated[int | None, typer.Option(help="Seed; the preset's if not given.")]
_Precision = Annotated[str, typer.Option(help="no, or bf16 for half the memory.")]
_Checkpointing = Annotated[bool, typer.Option("--checkpointing", help="Less memory for more time.")]


def person(
    *,
    photos: _Photos,
    checkpoint: _Checkpoint,
    name: _Name,
    work: _Work,
    lora_dir: _Loras = None,
    card: Annotated[Path | None, typer.Option(help="Card that the LoRA is noted on; made if missing.")] = None,
    encoder: Annotated[Path | None, typer.Option(help="Face encoder; the downloaded one by default.")] = None,
    trigger: _Trigger = TRIGGER,
    class_word: Annotated[str, typer.Option(help="What is learned, in a word: person, woman, man.")] = "person",
    preset: _Preset = "ours",
    background: Annotated[str, typer.Option(help="What is behind the person: keep, white or blur.")] = "keep",
    views: Annotated[bool, typer.Option(help="Of a single photo, learn mirrored, closer, relit views too.")] = True,
    fact_views: Annotated[
        bool, typer.Option("--fact-views", help="Of a single photo, let FACT draw views on this checkpoint too.")
    ] = False,
    adapter: Annotated[Path | None, typer.Option(help="For --fact-views: the face adapter's file.")] = None,
    as_prepared: Annotated[bool, typer.Option("--as-prepared", help="Take the photos as prepared earlier.")] = False,
    retouch: Annotated[bool, typer.Option("--retouch", help="Smooth the skin before learning.")] = False,
    validate: Annotated[bool, typer.Option(help="Score pictures every 100 steps and take the best weights.")] = True,
    templates: Annotated[Path | None, typer.Option(help="Folder of pictures with a face to validate in.")] = None,
    canny: Annotated[Path | None, typer.Option(help="Canny ControlNet that keeps the templates' edges.")] = None,
    captioner: _Captioner = None,
    prepare_only: _Prepare = False,
    resume: _Resume = False,
    steps: _Steps = None,
    rate: _Rate = None,
    rank: _Rank = None,
    batch: _Batch = None,
    size: _Size = 0,
    seed: _Seed = None,
    precision: _Precision = "no",
    checkpointing: _Checkpointing = False,
    reward: Annotated[
        float, typer.Option(min=0, help="What the likeness of drawn pictures counts for in the last half; 0: nothing.")
    ] = 0.0,
    vae: _Vae = None,
) -> None:
    """Learn a person; progress comes as lines of JSON, and Ctrl-C or SIGTERM saves and stops."""
    from facechain_ext.training_runs.photos.decision import PreparationOptions
    from facechain_ext.training_runs.settings import PersonRequest
    from facechain_ext.weights import find

    if background not in ("keep", "white", "blur"):
        raise typer.BadParameter("--background takes keep, white or blur.")
    request = PersonRequest(
        checkpoint, work / "pictures", name, trigger, work, lora_dir, vae,
        photos=_files(photos), class_word=class_word, card=card, encoder=encoder or find("transface"),
        validate=validate, templates=templates, canny=canny,
    )  # fmt: skip
    chosen = {"steps": steps, "rate": rate, "rank": rank, "batch": batch, "seed": seed}
    fixed = {"precision": precision, "checkpointing": checkpointing, "reward": reward}
    options = PreparationOptions(
        background=background, retouch=retouch, views=views, drawn=fact_views,  # type: ignore[arg-type]  # checked above
        captioner="" if captioner is None else captioner.name,
    )  # fmt: skip
    with reported_run(work, name, steps or 0) as report:
        from facechain_ext.training.person.run import prepare_person, prepared_earlier, train_person
        from facechain_ext.weights.reading import require_file

        if not prepare_only:  # told now, not after minutes of preparation
            require_file(checkpoint)
            _settings(request, preset, size, chosen, fixed)
        if as_prepared:
            prepared_earlier(request, report)
        else:
            draw = _drawing(request, adapter, size) if fact_views else None
            prepare_person(request, options, caption=_loaded(captioner), draw=draw, report=report)
        if prepare_only:
            report({"event": "done", "file": str(request.pictures)})
            return
        settings = _settings(request, preset, size, chosen, fixed)
        train_person(request, settings, resume=resume, report=report)


def thing(
    *,
    photos: _Photos,
    checkpoint: _Checkpoint,
    name: _Name,
    work: _Work,
    class_word: Annotated[str, typer.Option(help="What it is, in a word that the checkpoint knows: dog, bag, coat.")],
    lora_dir: _Loras = None,
    trigger: _Trigger = TRIGGER,
    preset: _Preset = "ours",
    captioner: _Captioner = None,
    prepare_only: _Prepare = False,
    resume: _Resume = False,
    steps: _Steps = None,
    rate: _Rate = None,
    rank: _Rank = None,
    batch: _Batch = None,
    size: _Size = 0,
    seed: _Seed = None,
    precision: _Precision = "no",
    checkpointing: _Checkpointing = False,
    vae: _Vae = None,
) -> None:
    """Learn an object or an outfit, to call it in a prompt; as a person is learned, without looking for faces."""
    from facechain_ext.training_runs.settings import PersonRequest

    request = PersonRequest(
        checkpoint, work / "pictures", name, trigger, work, lora_dir, vae, photos=_files(photos), class_word=class_word,
        validate=False,
    )  # fmt: skip
    chosen = {"steps": steps, "rate": rate, "rank": rank, "batch": batch, "seed": seed}
    fixed = {"precision": precision, "checkpointing": checkpointing}
    with reported_run(work, name, steps or 0) as report:
        from facechain_ext.training.person.run import train_person
        from facechain_ext.training_runs.photos.things import prepare_thing
        from facechain_ext.weights.reading import require_file

        if not prepare_only:
            require_file(checkpoint)
            _settings(request, preset, size, chosen, fixed)
        for decision in prepare_thing(request.photos, request.pictures, request.call, caption=_loaded(captioner)):
            report({"event": "photo", "file": decision.source, "use": decision.use, "words": decision.reason})
        if prepare_only:
            report({"event": "done", "file": str(request.pictures)})
            return
        settings = replace(_settings(request, preset, size, chosen, fixed), face_weight=1.0)
        train_person(request, settings, resume=resume, report=report)


def _drawing(request: PersonRequest, adapter: Path | None, size: int) -> Callable[[Pixels], list[DrawnView]]:
    """What draws further views by FACT on the request's checkpoint."""
    from facechain_ext.cli.painting import load_encoder, load_host
    from facechain_ext.identity import Identity
    from facechain_ext.recipes.readiness import drawing_defaults
    from facechain_ext.training_runs.photos.drawn_views import drawn_views

    def draw(pixels: Pixels) -> list[DrawnView]:
        person = Identity.from_photos(pixels, load_encoder(request.encoder))
        side = size or drawing_defaults(request.checkpoint).painted[0]
        return drawn_views(load_host(request.checkpoint, adapter, {}), person, request.class_word, side)

    return draw


def _loaded(captioner: Path | None) -> Callable[[Pixels], str] | None:
    from facechain_ext.training_runs.captioners import captioner as load

    return None if captioner is None else load(captioner)


def _files(photos: list[Path]) -> tuple[Path, ...]:
    """The photos, those of folders in the order of their names."""
    from facechain_ext.training_runs.pictures import picture_files

    return tuple(file for one in photos for file in (picture_files(one) if one.is_dir() else [one]))


def _settings(
    request: PersonRequest, preset: str, size: int, chosen: dict[str, Any], fixed: dict[str, Any]
) -> LoraSettings:
    """The preset for the pictures that are used, with what the command line says otherwise."""
    from facechain_ext.recipes.readiness import is_sdxl
    from facechain_ext.training_runs.pictures import read_table
    from facechain_ext.training_runs.presets import preset_settings

    used = sum(row.use for row in read_table(request.pictures))
    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        settings = preset_settings(preset, max(used, 1), sdxl=is_sdxl(request.checkpoint), size=size)
        return replace(settings, **given, **fixed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
