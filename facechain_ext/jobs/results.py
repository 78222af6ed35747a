"""The folder of a batch's results: pictures and rows under the items' ids, each written at once or not at all."""

from __future__ import annotations

import csv
import io
import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from PIL import Image

from facechain_ext.recipes.sheet import sheet
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.json_store import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from facechain_ext.jobs.items import Item
    from facechain_ext.jobs.worker_types import RequestResult

log = logging.getLogger(__name__)

_ROWS = "rows"
_SHEET_PICTURES = 60
"""Pictures of one contact sheet."""


@dataclass(frozen=True)
class Row:
    """What became of an item: ``error`` is empty when it is done; ``seconds`` are of the attempt that ended it."""

    id: str
    label: str
    pictures: tuple[str, ...] = ()
    likeness: float | None = None
    seconds: float = 0.0
    attempts: int = 1
    worker: str = ""
    notes: tuple[str, ...] = ()
    infotext: str = ""
    error: str = ""
    judged: str = ""


class ResultFolder:
    """Results under ``folder``; safe for several processes that work on the same batch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def is_done(self, item_id: str) -> bool:
        """Whether all of an item's pictures are there; its row is written last."""
        row = self.row(item_id)
        return row is not None and not row.error and all((self.folder / name).is_file() for name in row.pictures)

    def row(self, item_id: str) -> Row | None:
        """The row of an item; None when there is none or it cannot be read."""
        values = read_json(self.folder / _ROWS / f"{item_id}.json")
        if not isinstance(values, dict):
            return None
        try:
            lists = {name: tuple(values[name]) for name in ("pictures", "notes")}
            return Row(**{**values, **lists})
        except (KeyError, TypeError):
            return None

    def save(self, item: Item, made: RequestResult, *, seconds: float, attempts: int, worker: str) -> Row:
        """Write an item's pictures, then its row; what another worker wrote meanwhile stays."""
        names = []
        for number, picture in enumerate(made.pictures, 1):
            name = f"{item.id}{'' if len(made.pictures) == 1 else f'-{number}'}{picture.suffix}"
            names.append(name)
            try:
                with atomic_write(self.folder / name, new=True) as part:
                    part.write_bytes(picture.content)
            except FileExistsError:
                log.info("%s was made already", name)
        best = made.pictures[0] if made.pictures else None
        row = Row(
            item.id, item.label, tuple(names), best.likeness if best else None, round(seconds, 3), attempts, worker,
            made.notes, best.infotext if best else "", judged=best.judged if best else "",
        )  # fmt: skip
        write_json(self.folder / _ROWS / f"{item.id}.json", asdict(row))
        return row

    def fail(self, item: Item, error: str, *, seconds: float, attempts: int, worker: str) -> Row:
        """Write that an item failed; the same command tries it again."""
        row = Row(item.id, item.label, seconds=round(seconds, 3), attempts=attempts, worker=worker, error=error)
        if not self.is_done(item.id):
            write_json(self.folder / _ROWS / f"{item.id}.json", asdict(row))
        return row

    def write_report(self, items: Sequence[Item]) -> list[Path]:
        """Write ``report.csv``, ``report.json`` and contact sheets of a batch's items; returns the files."""
        rows = [self.row(item.id) or Row(item.id, item.label, error="not made yet") for item in items]
        text = io.StringIO()
        table = csv.writer(text)
        names = list(asdict(rows[0])) if rows else []
        table.writerow(names)
        for row in rows:
            values = asdict(row)
            table.writerow(" ".join(value) if isinstance(value, tuple) else value for value in values.values())
        files = [self.folder / "report.csv", self.folder / "report.json"]
        with atomic_write(files[0]) as part:
            part.write_text(text.getvalue(), encoding="utf-8", newline="")
        with atomic_write(files[1]) as part:
            part.write_text(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1), encoding="utf-8")
        shown = [row for row in rows if not row.error and row.pictures and row.pictures[0].endswith(".png")]
        return files + self._sheets(shown)

    def _sheets(self, rows: Sequence[Row]) -> list[Path]:
        files = []
        for page, start in enumerate(range(0, len(rows), _SHEET_PICTURES), 1):
            entries = []
            for row in rows[start : start + _SHEET_PICTURES]:
                with Image.open(self.folder / row.pictures[0]) as opened:
                    opened.thumbnail((256, 256))
                    entries.append((row.label[:34], opened.convert("RGB")))
            file = self.folder / f"contact-sheet-{page:02d}.png"
            with atomic_write(file) as part:
                sheet(entries).save(part, format="PNG")
            files.append(file)
        return files
