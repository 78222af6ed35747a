"""The clip template: the chosen person's face replaced in every frame, everything else of the clip as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import Cancelled, FaceChainError, HostError, InputError, PhotoError
from facechain_ext.faces.face_choice import choose_face, number_faces
from facechain_ext.labels.label import JOINED
from facechain_ext.media.clip import open_clip
from facechain_ext.media.sound import has_sound
from facechain_ext.methods.setting import find_setting
from facechain_ext.next_steps import next_steps
from facechain_ext.recipes.clip.settings import CLIP_SETTINGS, ClipSettings
from facechain_ext.recipes.clip.smoothing import smooth_meshes
from facechain_ext.recipes.clip.tracking import FaceTracker
from facechain_ext.recipes.moving_file import save_frames
from facechain_ext.retouch.fuse.blend import blend_points
from facechain_ext.retouch.fuse.occlusion import occlusion_mask
from facechain_ext.retouch.fuse.options import BlendOptions
from facechain_ext.retouch.fuse.points import mesh_points, points_of_mesh
from facechain_ext.retouch.photo_doubts import moving_doubts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Detector, Face, Pixels
    from facechain_ext.media.clip import Clip
    from facechain_ext.recipes.moving_file import Progress
    from facechain_ext.retouch.fuse.points import FacePoints

MAX_SECONDS = 60.0
"""Longest clip: each frame takes about a third of a second on a processor."""
_OPACITY = find_setting(CLIP_SETTINGS, "strength")


@dataclass(frozen=True, eq=False)
class FollowedFace:
    """The face that is followed: its smoothed mesh float64 [468, 3] in each frame, None where it is not seen."""

    meshes: tuple[NDArray[np.float64] | None, ...]
    faces: tuple[Face | None, ...]
    """Where it was found in each frame; None where its mesh was not fitted."""

    @property
    def seen(self) -> int:
        """Frames in which it is seen."""
        return sum(mesh is not None for mesh in self.meshes)


def follow_face(
    clip: Clip, number: int | None = None, *, detector: Detector | None = None, progress: Progress | None = None
) -> FollowedFace:
    """Follow face ``number`` of the first frame that shows a face through ``clip``.

    Raises PhotoError when no frame shows a face or that frame has none of that number, Cancelled when stopped.
    """
    detector, tracker = detector or faces.detector(), FaceTracker()
    chosen: int | None = None
    meshes: list[NDArray[np.float64] | None] = []
    places: list[Face | None] = []
    for index, pixels in enumerate(clip.frames()):
        found = number_faces(detector.detect(pixels))
        tracks = tracker.advance(pixels, found)
        if chosen is None and found:
            chosen = tracks[found.index(choose_face(found, number))]
        place = found[tracks.index(chosen)] if chosen in tracks else None
        points = None if place is None else mesh_points(pixels, place)
        mesh = None if points is None else points.mesh
        meshes.append(mesh)
        places.append(None if mesh is None else place)
        if progress is not None and not progress(index + 1, index + 2):
            raise Cancelled("Stopped; no file was written.")
    if chosen is None:
        raise PhotoError(
            f"No face was found in any frame of {clip.path.name}. Use a clip that shows one from the front."
        )
    return FollowedFace(tuple(smooth_meshes(meshes)), tuple(places))


def replaced_frames(
    clip: Clip, followed: FollowedFace, photo: Pixels, photo_points: FacePoints, settings: ClipSettings
) -> Iterator[Pixels]:
    """The frames of ``clip`` with the face of ``photo`` over the followed one; outside of it not a bit changes.

    What covers eyes or mouth in a frame, such as a microphone, stays before the new face.
    """
    options = BlendOptions(template_complexion=settings.clip_complexion, template_expression=settings.clip_expression)
    for pixels, mesh, place in zip(clip.frames(), followed.meshes, followed.faces, strict=False):
        if mesh is None:
            yield pixels
            continue
        points = (photo_points, points_of_mesh(mesh))
        covered = None if place is None else occlusion_mask(pixels, place)
        free = None if covered is None or not covered.any() else ~covered
        new = blend_points(photo, pixels, points, strength=settings.strength, target_mask=free, options=options)
        if free is not None:
            new[~free] = pixels[~free]
        yield new


def make_clip(
    template: Path,
    photo: Pixels,
    path: Path,
    settings: ClipSettings | None = None,
    *,
    inherited: Sequence[str | bytes] = (),
    detector: Detector | None = None,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Write ``template`` with the person of ``photo``, RGB uint8 [h, w, 3], in place of the chosen one; returns notes.

    The sound is the template's. Raises InputError for an unusable clip, PhotoError for no face in the clip or the
    photo, HostError where the face mesh or ffmpeg is missing, Cancelled when stopped.
    """
    settings = settings or ClipSettings()
    if not _OPACITY.low <= settings.strength <= _OPACITY.high:
        allowed = f"{_OPACITY.low:g} to {_OPACITY.high:g}"
        raise InputError(f"Strength is {settings.strength:g}; choose a value from {allowed}.")
    clip, detector = open_clip(template, max_seconds=MAX_SECONDS), detector or faces.detector()
    photo_points, doubts = _photo_points(photo, detector)
    half = None if progress is None else _part(progress, 0, 2)
    followed = follow_face(clip, settings.face, detector=detector, progress=half)
    rest = None if progress is None else _part(progress, 1, 2)
    save_frames(
        replaced_frames(clip, followed, photo, photo_points, settings), path, clip.fps, kind=JOINED, mark=settings.mark,
        sound=template if has_sound(template) else None, inherited=inherited, progress=rest, total=len(followed.meshes),
    )  # fmt: skip
    unseen = len(followed.meshes) - followed.seen
    if not unseen:
        return doubts
    return (*doubts, f"In {unseen} of {len(followed.meshes)} frames the face is not seen; they stay as they are.")


def _photo_points(photo: Pixels, detector: Detector) -> tuple[FacePoints, tuple[str, ...]]:
    """The points of the photo's face, and sentences on what of it is not shown well."""
    try:
        face = choose_face(detector.detect(photo))
        points = mesh_points(photo, face)
    except ImportError as error:
        raise HostError(
            f"Replacing a face in a clip needs the face mesh of mediapipe. {next_steps().install('mediapipe')}"
        ) from error
    except FaceChainError as error:
        raise PhotoError(f"The photo: {error}") from error
    if points is None:
        raise PhotoError("The face mesh does not fit the photo's face; use a sharp photo from the front.")
    return points, moving_doubts(photo, face)


def _part(progress: Progress, number: int, count: int) -> Progress:
    """Progress of part ``number`` of ``count`` equal ones, in the same steps."""

    def report(done: int, total: int) -> bool:
        return progress(number * total + done, count * total)

    return report
