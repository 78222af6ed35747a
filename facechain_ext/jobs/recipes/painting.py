"""What requests share that paint faces into a picture: settings that suit the checkpoint, and the finished picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.jobs.worker_types import MadePicture, RequestResult
from facechain_ext.recipes.finishing import enlarge_result
from facechain_ext.recipes.readiness import require_ready

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.jobs.worker_types import Capabilities
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.template import Settings, TemplateResult
    from facechain_ext.recipes.template.image import TemplateImage


def names_steps(values: Mapping[str, object]) -> bool:
    """Whether a request names steps of its own."""
    given = values.get("settings")
    return isinstance(given, dict) and "steps" in given


def suited(settings: Settings, capabilities: Capabilities, *, steps_given: bool, need_person: bool = True) -> Settings:
    """The settings of a request for painting, suited to the checkpoint where it names none of its own.

    Raises WeightsError when something is missing that painting a person needs; a scene alone needs no person.
    """
    if need_person:
        require_ready(capabilities.needed)
    return settings.suited_to(capabilities.defaults, capabilities.ready_controls, steps_given=steps_given)


def finished(
    image: TemplateImage,
    result: TemplateResult,
    infotext: str,
    settings: Settings,
    host: Host,
    refused: Sequence[str] = (),
    said: Sequence[str] = (),
    faces: int | None = None,
) -> RequestResult:
    """The labelled picture of ``result``, enlarged as its ``settings`` say.

    ``refused`` are the sentences on people who could not be used, ``said`` those on what was done before; ``faces``
    counts those of a template.
    """
    image, result = enlarge_result(host, image, result, settings)
    content = image.labelled(result.pixels, infotext)
    notes = tuple(dict.fromkeys((*refused, *said, *result.notes)))
    left_out = (*refused, *result.left_out)
    return RequestResult((MadePicture(content, infotext, settings.seed),), notes, result.stopped, left_out, faces)
