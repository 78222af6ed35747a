"""Detail: the faces of a finished picture painted anew at their own resolution, each with its person's identity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.identity.likeness_scorer import remarks_of
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.face_matching import match_faces
from facechain_ext.recipes.template.faces import find_template_faces
from facechain_ext.recipes.template.image import TemplateImage, image_of_pixels
from facechain_ext.recipes.template.recipe import TemplateResult, make
from facechain_ext.recipes.template.settings import FaceSource, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from facechain_ext.faces.types import Detector, HeadMasker, Pixels
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.face_matching import MatchReason
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import Job, Person
    from facechain_ext.recipes.template.settings import FaceAction

DETAIL_SETTINGS = Settings(quality="standard", denoise=0.4)
"""Defaults: the denoising strength is ADetailer's 0.4, which keeps expression and light; the rest is a template's."""


def repair_settings(job: Job, sides: tuple[int, int], seed: int, denoise: float = DETAIL_SETTINGS.denoise) -> Settings:
    """The settings that repair the faces of what ``job`` made: its words, its steps, and its people by its method.

    ``sides`` are the smallest and largest side at which a face is painted.
    """
    return replace(
        DETAIL_SETTINGS, prompt=job.prompt, negative_prompt=job.negative_prompt, denoise=denoise, seed=seed,
        steps=job.steps, cfg=job.cfg, sampler=job.sampler, sides=sides, method=job.method,
        method_settings={"adapter": job.adapter or AUTOMATIC, **job.method_settings},
    )  # fmt: skip


def repair_faces(
    picture: TemplateImage | Pixels,
    people: Sequence[Person],
    settings: Settings = DETAIL_SETTINGS,
    *,
    host: Host,
    labels: Sequence[str] = (),
    detector: Detector | None = None,
    masker: HeadMasker | None = None,
    scorer: LikenessScorer | None = None,
    progress: Callable[[int, int], bool] | None = None,
) -> tuple[TemplateResult, Mapping[int, FaceAction]]:
    """Paint the face of each of ``people`` in a finished picture anew, and give the result and who is in which face.

    Each face is painted at the resolution that it deserves (``settings.sides``) with its own person's identity and
    strength; the faces of others, and everything outside the masks, do not change by one bit. ``labels`` name the
    people in the infotext. The notes say who was matched with which face and why, and who has none. Raises PhotoError
    when the picture shows no face or none of the people, HostError and Cancelled as the host does.
    """
    template = picture if isinstance(picture, TemplateImage) else image_of_pixels(picture, "the picture")
    detector, masker = detector or faces.detector(), masker or faces.head_masker()
    try:
        targets = find_template_faces(template.pixels, detector, masker)
    except PhotoError:
        raise PhotoError(f"No face was found in {template.name}; there is nothing to repair.") from None
    match = match_faces(template.pixels, targets, people, scorer)
    if not match.faces:
        count = "a face" if len(targets) == 1 else f"{len(targets)} faces"
        raise PhotoError(f"{template.name} shows {count}, none of them like {_names(people, range(len(people)))}.")
    actions = {
        number: FaceSource(
            people[index].identity,
            label=labels[index] if index < len(labels) else "",
            strength=people[index].strength,
        )
        for number, index in match.faces.items()
    }
    result = make(
        template, actions, settings, host=host, targets=targets, detector=detector, scorer=scorer, progress=progress
    )
    notes = [_sentence(number, _name(people, match.faces[number]), match.reasons[number]) for number in sorted(actions)]
    notes += remarks_of(reason for reason in match.reasons.values() if isinstance(reason, Likeness))
    left_out = list(result.left_out)
    if match.unmatched:
        left_out.append(f"No face of the picture was matched with {_names(people, match.unmatched)}.")
    kept = [note for note in result.notes if note not in result.left_out]
    return replace(result, notes=(*notes, *kept, *left_out), left_out=tuple(left_out)), actions


def _sentence(number: int, name: str, reason: MatchReason) -> str:
    """Who is painted into a face, and why."""
    if reason == "box":
        return f"Face {number} is painted as {name}, in whose box it lies."
    if reason == "order":
        return f"Face {number} is painted as {name}, by the order from the left."
    if reason == "size":
        return f"Face {number} is painted as {name}: it is the largest, and nothing here scores likeness."
    return f"Face {number} is painted as {name}, by likeness {reason}."


def _names(people: Sequence[Person], indices: Sequence[int]) -> str:
    names = [_name(people, index) for index in indices]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _name(people: Sequence[Person], index: int) -> str:
    return people[index].identity.name or f"person {index + 1}"
