"""The two ways of ``facechain template``: into a picture that is given, and into one that is drawn from words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from facechain_ext import faces
from facechain_ext.cli.step_progress import step_progress
from facechain_ext.hosts.diffusers.interrupts import interrupt_requests
from facechain_ext.recipes.finishing import enlarge_result
from facechain_ext.recipes.template import (
    draw_face_numbers,
    find_template_faces,
    make,
    make_from_words,
    read_template,
)
from facechain_ext.recipes.template.infotext import scene_infotext, template_infotext
from facechain_ext.recipes.template.source_photo import doubts_before

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from facechain_ext.hosts.diffusers.host import DiffusersHost
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.style import FaceTool
    from facechain_ext.recipes.template import Scene, Settings, TemplateFace, TemplateImage, TemplateResult
    from facechain_ext.recipes.template.settings import FaceAction

console = Console()


@dataclass(frozen=True, eq=False)
class TemplateWork:
    """What both ways have in common; ``numbers`` is where the template with its faces numbered is written."""

    actions: Mapping[int, FaceAction]
    settings: Settings
    host: DiffusersHost | None
    hair: bool
    scorer: LikenessScorer | None
    tools: Sequence[FaceTool]
    numbers: Path | None

    @property
    def tool_names(self) -> list[str]:
        """What finishes the faces, by name."""
        return [tool.name for tool in self.tools]


@dataclass(frozen=True, eq=False)
class FinishedWork:
    """The template, what became of it, the settings as the picture holds them, and what was said before."""

    template: TemplateImage
    result: TemplateResult
    infotext: str
    said: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class GivenTemplate:
    """A template's file and its faces."""

    template: TemplateImage
    targets: list[TemplateFace]

    @staticmethod
    def read(file: Path, *, hair: bool) -> GivenTemplate:
        """Read it; raises PhotoError where it is no picture or shows no face."""
        template = read_template(file)
        return GivenTemplate(template, find_template_faces(template.pixels, hair=hair))


def write_numbers(template: TemplateImage, targets: Sequence[TemplateFace], file: Path) -> None:
    """Write the template with its faces numbered."""
    template.save(np.asarray(draw_face_numbers(template.pixels, targets).convert("RGB")), file)


def put_into_picture(given: GivenTemplate, work: TemplateWork) -> FinishedWork:
    """Put people into a file's faces; what is doubtful is printed before."""
    template, targets = given.template, given.targets
    said: Sequence[str] = ()
    if work.host is None:
        said = doubts_before(template.pixels, targets, work.actions, faces.detector())
    for doubt in said:
        console.print(doubt, style="yellow", markup=False)
    with interrupt_requests() as interrupted, step_progress(console, interrupted) as progress:
        result = make(
            template, work.actions, work.settings, host=work.host, targets=targets, scorer=work.scorer,
            tools=work.tools, progress=progress,
        )  # fmt: skip
    text = template_infotext(
        template, work.actions, work.settings, hair=work.hair, tools=work.tool_names, host_text=result.infotext
    )
    return FinishedWork(*enlarge_result(work.host, template, result, work.settings), text, said)


def draw_and_put(scene: Scene, host: DiffusersHost, work: TemplateWork) -> FinishedWork:
    """Draw a scene with ``host`` and put people into its faces."""
    with interrupt_requests() as interrupted, step_progress(console, interrupted) as progress:
        made = make_from_words(
            scene, work.actions, work.settings, host=host, hair=work.hair, scorer=work.scorer, tools=work.tools,
            progress=progress,
        )  # fmt: skip
    if work.numbers is not None:
        write_numbers(made.template, made.targets, work.numbers)
    text = scene_infotext(made, work.actions, hair=work.hair, tools=work.tool_names)
    return FinishedWork(*enlarge_result(host, made.template, made.result, work.settings), text)
