"""Finished templates: what the page shows of them, and the contact sheet of several, independent of gradio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.recipes.job import Portrait
from facechain_ext.recipes.labelling import encode_png, label_image
from facechain_ext.recipes.sheet import sheet
from facechain_ext.recipes.template import read_template
from facechain_ext.ui.comparison import comparison_html

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image

    from facechain_ext.faces.types import Pixels
    from facechain_ext.ui.host import PageHost


@dataclass(frozen=True, eq=False)
class FinishedTemplate:
    """A finished template: its source, the name of the saved file (empty when none is saved), picture and infotext.

    ``batch_choice`` is the choice of a request for several people in turn. ``notes`` tell deviations from the request,
    ``stopped`` that an interrupt ended it early, ``doubtful`` which faces suffer by their photo or its pose.
    ``before`` are the template's pixels where it is no file.
    """

    template: Path
    file: str
    picture: Image.Image
    batch_choice: str = ""
    infotext: str = ""
    notes: tuple[str, ...] = ()
    stopped: bool = False
    doubtful: tuple[int, ...] = ()
    before: Pixels | None = None

    @property
    def label(self) -> str:
        """File, choice, and a mark on the faces that suffer by their photo, for captions."""
        mark = f"(look at face {', '.join(map(str, self.doubtful))})" if self.doubtful else ""
        return " ".join(part for part in (self.file, self.batch_choice, mark) if part)


def contact_sheet(host: PageHost, results: Sequence[FinishedTemplate]) -> tuple[str, Image.Image]:
    """Save the contact sheet of a batch: a row for each template when it has several choices, else four columns.

    Returns the name of its file (empty when none is saved) and the picture.
    """
    choices = list(dict.fromkeys(finished.batch_choice for finished in results))
    columns = len(choices) if len(choices) > 1 else 4
    labels = [finished.label for finished in results]
    page = sheet([(label, finished.picture) for label, finished in zip(labels, results, strict=True)], columns=columns)
    label_image(page, results[0].infotext)
    path = host.save(Portrait(page, 0, ""), stem="contact-sheet")
    return "" if path is None else path.name, page


def comparisons_html(results: Sequence[FinishedTemplate]) -> str:
    """HTML that compares template and result of the first 4."""
    return "".join(
        comparison_html(
            read_template(finished.template).pixels if finished.before is None else finished.before,
            finished.picture,
            finished.file,
        )
        for finished in results[:4]
    )


def picture_to_send(results: Sequence[FinishedTemplate], selected: int) -> bytes | None:
    """The file of the selected picture of the gallery, whose first is the contact sheet of several; None without any.

    The contact sheet stands for the first picture.
    """
    if not results:
        return None
    number = selected - (len(results) > 1)
    one = results[number if 0 <= number < len(results) else 0]
    return encode_png(one.picture, one.infotext)
