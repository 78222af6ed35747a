"""python -m research photo-tokens: what the tokens of several photos of a person bring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def photo_tokens(
    *,
    work: Annotated[Path, typer.Option(help="Folder for the judge's locator.")],
    people: Annotated[int, typer.Option(min=2, max=100, help="A picture of each is drawn by each way.")] = 40,
    photos: Annotated[int, typer.Option(min=2, max=16, help="Photos of each person.")] = 4,
    docs: Annotated[Path, typer.Option(help="Folder that gets photo-tokens.md.")] = Path("docs/research"),
) -> None:
    """Draw people by the tokens of one photo, of several, and of several without those that are alike."""
    import torch

    from facechain_ext.demo import tiny_models
    from facechain_ext.identity import TransFace
    from research.evaluate.photo_tokens import page
    from research.evaluate.photo_tokens import photo_tokens as measure
    from research.person_lora.judge import Judge

    torch.set_num_threads(1)  # networks this narrow gain nothing from a second thread
    models = tiny_models(work / "models")
    encoder = TransFace.from_file(models.encoder)
    found = measure(models, encoder, Judge(encoder, work), people, photos, notify=typer.echo)
    command = f"python -m research photo-tokens --work FOLDER --people {people} --photos {photos}"
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "photo-tokens.md").write_text(page(found, people, command), encoding="utf-8")
