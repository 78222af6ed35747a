"""What every quality of a template portrait has in common: the interface, what it is given, and shared steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from PIL import Image

from facechain_ext.errors import HostError, PhotoError
from facechain_ext.identity.likeness_scorer import rank_by_likeness, remarks_of
from facechain_ext.recipes.job import Job
from facechain_ext.recipes.template.crop import face_crop, paste
from facechain_ext.recipes.template.source_photo import choose_photo, photo_notes, result_doubts
from facechain_ext.retouch.fuse import blend_face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Detector, Mask, Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import ControlKind, Person
    from facechain_ext.recipes.template.faces import TemplateFace
    from facechain_ext.recipes.template.passes import Passes
    from facechain_ext.recipes.template.settings import FaceSource, Settings
    from facechain_ext.retouch.fuse.options import BlendOptions

_FEATHER = 0.06
"""Width of the feather of the paste, in sides of the face."""


@dataclass(frozen=True, eq=False)
class TemplateContext:
    """What stays the same for every face of a template.

    ``targets`` are all its faces. ``host`` is None where nothing is generated, ``scorer`` where no try is chosen by
    likeness.
    """

    targets: Sequence[TemplateFace]
    settings: Settings
    detector: Detector
    passes: Passes
    host: Host | None = None
    scorer: LikenessScorer | None = None


@dataclass(frozen=True, eq=False)
class StageView:
    """One stage of a recipe on one ``face`` (0: the whole picture): its pictures before and after."""

    face: int
    stage: str
    before: Image.Image
    after: Image.Image


@dataclass(frozen=True, eq=False)
class FaceResult:
    """The picture uint8 [h, w, 3] with one face replaced, and sentences on it.

    They say what was left out, what else is to be known, and in ``doubts`` what will suffer by the photo or its pose.
    ``stages`` are the pictures of a quality that works in several.
    """

    pixels: Pixels
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    stages: list[StageView] = field(default_factory=list)


class Quality(Protocol):
    """A way of putting a person into a face of a template."""

    @property
    def name(self) -> str:
        """Its name on the page, in requests and in pictures' infotext; it never changes."""
        ...

    @property
    def paints(self) -> bool:
        """Whether faces are painted by a diffusion model, which needs a host and identities."""
        ...

    @property
    def controls(self) -> tuple[ControlKind, ...]:
        """The kinds of ControlNet that it uses where the host has them."""
        ...

    def progress_steps(self, settings: Settings) -> int:
        """What one face counts in the progress of the recipe: about the steps that are sampled for it, at least 1."""
        ...

    def mask(self, target: TemplateFace, settings: Settings) -> Mask:
        """The pixels bool [h, w] around a face that may change."""
        ...

    def replace_face(
        self, pixels: Pixels, target: TemplateFace, source: FaceSource, context: TemplateContext
    ) -> FaceResult:
        """Put ``source`` into the face ``target`` of ``pixels``; only what lies inside ``mask`` is meant to be used.

        Raises PhotoError for a source that lacks what the quality needs, Cancelled when nothing was finished before an
        interrupt, HostError as the host does.
        """
        ...


@runtime_checkable
class FinishesTemplate(Protocol):
    """A quality that works on the whole picture once all faces are painted."""

    def finish_steps(self, settings: Settings, faces: int) -> int:
        """What that counts in the progress of the recipe where ``faces`` are painted; 0 where it is not done."""
        ...

    def finish(self, pixels: Pixels, painted: Sequence[TemplateFace], context: TemplateContext) -> FaceResult:
        """The finished picture; raises Cancelled when the work was stopped, HostError as the host does."""
        ...


def blend_photo(
    pixels: Pixels,
    target: TemplateFace,
    source: FaceSource,
    detector: Detector,
    *,
    options: BlendOptions,
    around: Mask | None = None,
) -> FaceResult:
    """The face of the source's photo, or of the nearest photo on its card, blended over the target.

    ``around`` bool [h, w] is where ears and neck follow the person's complexion; None leaves them. Raises PhotoError
    when there is no photo, or no face in it.
    """
    photo = choose_photo(source, pixels, target, detector)
    said: list[str] = []
    blended = blend_face(
        photo.pixels,
        photo.face,
        pixels,
        target.face,
        target_mask=target.mask,
        surroundings=around,
        options=options,
        notes=said,
    )
    notes = photo_notes(photo, target) + [f"Face {target.number}: {note}" for note in said]
    return FaceResult(blended, notes=notes, doubts=result_doubts(photo, target))


def require_identity(source: FaceSource) -> Identity:
    """The source's identity; raises PhotoError when it has none."""
    if source.identity is None:
        raise PhotoError("painting needs an identity; give a photo with an encoder, or a card.")
    return source.identity


def require_host(context: TemplateContext) -> Host:
    """The host that paints; raises HostError without one."""
    if context.host is None:
        raise HostError("Painting faces needs a checkpoint; load one, or choose the quality instant.")
    return context.host


def person_strength(source: FaceSource, settings: Settings) -> float:
    """The strength of a person: their own, else that of the settings."""
    return settings.strength if source.strength is None else source.strength


def painting_job(settings: Settings, people: Sequence[Person], *, seed: int, size: tuple[int, int]) -> Job:
    """The job that paints ``people`` as the settings say, at ``size``: width and height in pixels."""
    return Job(
        settings.prompt,
        settings.negative_prompt,
        people=tuple(people),
        method=settings.method,
        method_settings=settings.method_settings,
        seed=seed,
        steps=settings.steps,
        sampler=settings.sampler,
        cfg=settings.cfg,
        width=size[0],
        height=size[1],
    )


def choose_most_like(
    tries: Sequence[Image.Image], target: TemplateFace, identity: Identity, scorer: LikenessScorer | None
) -> tuple[Image.Image, list[str]]:
    """The try whose face is most like ``identity``, and a sentence on it; the first try where none is scored."""
    if len(tries) == 1 or scorer is None:
        return tries[0], []
    scores = [scorer.likeness(one, identity) for one in tries]
    best = rank_by_likeness(scores)[0]
    score = scores[best]
    outcome = "in none a face was found" if score is None else f"likeness {score}"
    return tries[best], [f"Face {target.number}: the most like of {len(tries)}, {outcome}.", *remarks_of(scores)]


def composite(pixels: Pixels, target: TemplateFace, mask: Mask, painted: Image.Image) -> Pixels:
    """The picture with ``painted``, which shows the crop around ``target``, over it inside ``mask``, feathered."""
    left, top, side = face_crop(target)
    new = np.asarray(painted.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
    result = np.array(pixels)
    paste(result, new, mask, left, top, _FEATHER * max(target.face.width, target.face.height))
    return result
