"""The kept garment: person, body and scene are painted anew around it, and its pixels come out byte for byte."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext.errors import Cancelled, HostError, PhotoError
from facechain_ext.faces.picture import picture_digest
from facechain_ext.recipes.arguments import RECIPE_LABEL
from facechain_ext.recipes.detail import repair_faces, repair_settings
from facechain_ext.recipes.garment.marking import check_mark
from facechain_ext.recipes.garment.settings import GarmentSettings, check_garment_settings
from facechain_ext.recipes.job import Control, Inpaint, Job
from facechain_ext.recipes.portrait_settings import PREFIX, enlarge_remarks
from facechain_ext.recipes.shared_progress import SharedProgress
from facechain_ext.recipes.template.crop import fit_size, resized

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.faces.types import Detector, HeadMasker, Mask, Pixels
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import Person, Portrait
    from facechain_ext.recipes.template.image import TemplateImage
    from facechain_ext.recipes.template.settings import Settings

log = logging.getLogger(__name__)

RECIPE = "garment"
"""What RECIPE_LABEL says of these pictures."""
PHOTO_LABEL = f"{PREFIX} garment photo"
_EROSION = 15
"""Side of the square that the mark is eroded by before the inpaint, at the painted size: the published value."""
_CANNY = (90, 200)
"""Published thresholds of the garment's edges."""
_FEATHER = 2.0
"""Width in painted pixels, outside the garment, over which the photo fades into what was painted."""


@dataclass(frozen=True, eq=False)
class GarmentResult:
    """The picture uint8 [h, w, 3] of the photo's size, with sentences on it.

    ``before_face`` is the picture before its face was painted anew, None where it was not. ``left_out`` is that part of
    ``notes`` which names what was requested and not done; ``stopped`` says that an interrupt ended the work early.
    """

    pixels: Pixels
    infotext: str
    seed: int
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    stopped: bool = False
    before_face: Pixels | None = None


def keep_garment(
    photo: TemplateImage,
    mask: Mask,
    person: Person,
    settings: GarmentSettings | None = None,
    *,
    host: Host,
    pose: Image.Image | None = None,
    label: str = "",
    detector: Detector | None = None,
    masker: HeadMasker | None = None,
    progress: Callable[[int, int], bool] | None = None,
) -> GarmentResult:
    """Paint everything but the garment of ``photo`` anew, with ``person`` in it.

    ``mask`` bool [h, w] is the garment; inside it not a bit changes. Pose, depth and edges steer the painting where the
    host has ControlNet for them; ``pose`` is a picture of a pose, for a garment on a stand. The face is then painted
    once more, at a resolution of its own, outside the garment. Raises InputError for a mark of nothing or everything
    and for settings out of range, HostError as the host does, Cancelled when it was stopped before anything was done.
    """
    settings = settings or GarmentSettings()
    check_garment_settings(settings)
    check_mark(mask)
    height, width = photo.pixels.shape[:2]
    size = fit_size(width, height, settings.sides)
    job, notes = _job(photo, mask, person, settings, size, pose)
    face_steps = max(round(settings.steps * settings.face_denoise), 1) if settings.face_denoise else 0
    shared = SharedProgress([settings.steps, face_steps], progress)
    painted, more = _paint(host, job, shared.part(0))
    notes += more
    if size[0] < width:
        notes.append(f"What is around the garment was painted at {size[0]}x{size[1]} and enlarged to the photo's size.")
    pixels = _around(photo.pixels, np.asarray(painted.picture.convert("RGB")), mask)
    left_out = missing_units(settings)
    stopped, before_face = shared.stopped, None
    if settings.face_denoise and not stopped:
        before_face = pixels
        again = repair_settings(job, settings.sides, settings.seed, settings.face_denoise)
        # with a digest of its own: the photo of a person is refused where a face of that person is to be painted
        scene = replace(photo, pixels=pixels, digest=picture_digest(pixels))
        pixels, face_notes, lacking, stopped = _paint_face(
            scene, photo.pixels, mask, person, again, host, label, detector, masker, shared.part(1)
        )
        notes, left_out = [*notes, *face_notes], [*left_out, *lacking]
    if not stopped:
        shared.finish()
    said = (*photo.notes, *painted.notes, *notes, *left_out)
    return GarmentResult(
        pixels, painted.infotext, painted.seed, tuple(dict.fromkeys(said)), tuple(left_out), stopped, before_face
    )


def missing_units(settings: GarmentSettings) -> list[str]:
    """A sentence that names the kinds of ControlNet that would steer the painting and are not there."""
    weights = {"openpose": settings.pose_weight, "depth": settings.depth_weight, "canny": settings.edge_weight}
    missing = [kind for kind, weight in weights.items() if weight and kind not in settings.controls]
    return (
        [f"Painted without ControlNet for {', '.join(missing)}: install it to follow the garment."] if missing else []
    )


def inpaint_job(
    photo: TemplateImage,
    settings: GarmentSettings,
    size: tuple[int, int],
    inpaint: Inpaint,
    controls: Sequence[Control],
) -> Job:
    """The job that paints into ``photo`` at ``size`` as the settings say, with nobody in it."""
    return Job(
        settings.prompt,
        settings.negative_prompt,
        seed=settings.seed,
        steps=settings.steps,
        sampler=settings.sampler,
        cfg=settings.cfg,
        width=size[0],
        height=size[1],
        controls=tuple(controls),
        inpaint=inpaint,
        remarks={
            RECIPE_LABEL: RECIPE,
            PHOTO_LABEL: f"{photo.name} ({photo.digest[:16]})",
            **enlarge_remarks(settings),
        },
    )


def _job(
    photo: TemplateImage,
    mask: Mask,
    person: Person,
    settings: GarmentSettings,
    size: tuple[int, int],
    pose: Image.Image | None,
) -> tuple[Job, list[str]]:
    """The inpaint of everything but the garment's core, and sentences on it."""
    notes: list[str] = []
    start = resized(photo.pixels, size)
    small = np.asarray(resized(mask * np.uint8(255), size)) >= 128
    core = cv2.erode(small.astype(np.uint8), np.ones((_EROSION, _EROSION), np.uint8), borderValue=1) > 0
    if not core.any():
        core = small
        notes.append("The garment is so narrow that its border was not painted over.")
    controls = []
    if settings.pose_weight and "openpose" in settings.controls:
        controls.append(Control("openpose", start if pose is None else pose, settings.pose_weight))
    if settings.depth_weight and "depth" in settings.controls:
        controls.append(Control("depth", start, settings.depth_weight))
    if settings.edge_weight and "canny" in settings.controls:
        edges = cv2.Canny(np.asarray(start), *_CANNY) * small.astype(np.uint8)
        picture = Image.fromarray(edges).convert("RGB")
        controls.append(Control("canny", picture, settings.edge_weight, prepared=True))
    around = Inpaint(start, 1.0, Image.fromarray(np.where(core, 0, 255).astype(np.uint8)))
    job = replace(inpaint_job(photo, settings, size, around, controls), people=(person,))
    return job, notes


def _paint(host: Host, job: Job, progress: Callable[[int, int], bool]) -> tuple[Portrait, list[str]]:
    """The painted picture; without a pose where the picture for it shows nobody, as a garment on a stand does."""
    notes: list[str] = []
    try:
        made = host.generate(job, progress=progress)
    except PhotoError as error:
        if not any(unit.kind == "openpose" for unit in job.controls):
            raise
        log.info("painted without a pose: %s", error)
        notes.append("Nobody's pose is seen in the photo, so none is followed; give a picture of a pose.")
        bare = replace(job, controls=tuple(unit for unit in job.controls if unit.kind != "openpose"))
        made = host.generate(bare, progress=progress)
    if not made:
        raise Cancelled("It was stopped before anything was painted; nothing is kept.")
    return made[0], notes


def _around(photo: Pixels, painted: Pixels, mask: Mask) -> Pixels:
    """``painted`` at the photo's size, fading into the photo beside the garment, and the photo inside it."""
    height, width = photo.shape[:2]
    large = np.asarray(resized(painted, (width, height)))
    feather = _FEATHER * max(width / painted.shape[1], 1.0)
    beside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    result = large.copy()
    rim = (beside > 0) & (beside < feather)
    share = (beside[rim] / feather)[:, None]
    result[rim] = np.clip(share * large[rim] + (1 - share) * photo[rim] + 0.5, 0, 255).astype(np.uint8)
    result[mask] = photo[mask]
    return result


def _paint_face(
    picture: TemplateImage,
    photo: Pixels,
    mask: Mask,
    person: Person,
    again: Settings,
    host: Host,
    label: str,
    detector: Detector | None,
    masker: HeadMasker | None,
    progress: Callable[[int, int], bool],
) -> tuple[Pixels, list[str], list[str], bool]:
    """The picture with its face painted anew outside the garment; notes, what was left out, whether it was stopped."""
    try:
        result, _ = repair_faces(
            picture, [person], again, host=host, labels=[label], detector=detector, masker=masker, progress=progress
        )
    except Cancelled:
        return picture.pixels, [], ["Stopped: the face is not painted anew."], True
    except (HostError, PhotoError) as error:
        log.warning("the face is not painted anew: %s", error)
        return picture.pixels, [], [f"The face is not painted anew: {error}"], False
    pixels = np.where(mask[..., None], photo, result.pixels)
    kept = [note for note in result.notes if note not in result.left_out]
    return pixels, kept, list(result.left_out), result.stopped
