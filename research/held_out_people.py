"""The sheet of held-out drawn people and their portraits that the documents show."""

from __future__ import annotations

from pathlib import Path

from facechain_ext.demo import tiny_models
from facechain_ext.hosts.diffusers import DiffusersHost
from facechain_ext.hosts.diffusers.showcase import held_out_sheet
from facechain_ext.identity import TransFace

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "pictures" / "held-out-people.jpg"


def write_held_out_people(tries: int, file: Path = FILE) -> Path:
    """Draw the sheet with the small models that ship, and write it as JPEG."""
    models = tiny_models(ROOT / "outputs" / "small-models")
    host = DiffusersHost.from_files(models.checkpoint, adapter=models.adapter)
    held_out_sheet(host, TransFace.from_file(models.encoder), tries=tries).save(file, quality=85)
    return file
