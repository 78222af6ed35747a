"""python -m research repairs: how well repaired faces of rendered people are recognised."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.faces.types import Pixels


def repairs(
    *,
    work: Annotated[Path, typer.Option(help="Folder for the judge's locator and the pictures.")],
    pictures: Annotated[int, typer.Option(min=1, max=33, help="Pictures of three people each.")] = 33,
    docs: Annotated[Path, typer.Option(help="Folder that gets repairs.md and repairs.json.")] = Path("docs/research"),
) -> None:
    """Draw three rendered people small, repair their faces, and measure who is recognised before and after."""
    import numpy as np
    import torch
    from PIL import Image

    from facechain_ext.demo import tiny_models
    from facechain_ext.identity import TransFace
    from research.person_lora.judge import Judge
    from research.repairs import measure, page

    torch.set_num_threads(1)  # networks this narrow gain nothing from a second thread
    models = tiny_models(work / "models")
    encoder = TransFace.from_file(models.encoder)

    def keep(number: int, ways: Mapping[str, Pixels]) -> None:
        file = work / "pictures" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.concatenate(list(ways.values()))).save(file)

    found = measure(models, encoder, Judge(encoder, work), pictures, notify=typer.echo, keep=keep)
    docs.mkdir(parents=True, exist_ok=True)
    text = json.dumps({way: asdict(one) for way, one in found.items()}, indent=1)
    (docs / "repairs.json").write_text(text + "\n", encoding="utf-8")
    command = f"python -m research repairs --work FOLDER --pictures {pictures}"
    (docs / "repairs.md").write_text(page(found, command), encoding="utf-8")
