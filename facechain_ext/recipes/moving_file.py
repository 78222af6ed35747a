"""The file of a moving likeness: its visible mark, its label, its settings text, published whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import Cancelled, InputError
from facechain_ext.identity.consent import MOVING_NOTICE
from facechain_ext.labels import Label, label_settings, labelled_packet, read_packet, write_packet
from facechain_ext.labels.visible import draw_label
from facechain_ext.media.video import check_format, write_video
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from facechain_ext.faces.types import Pixels
    from facechain_ext.labels.label import SourceType
    from facechain_ext.labels.settings import Corner

    Progress = Callable[[int, int], bool]
    """Told (frames done, all frames); False stops the work."""


def require_consent(*, agreed: bool) -> None:
    """Raises InputError with the notice when the person's consent was not confirmed."""
    if not agreed:
        raise InputError(f"{' '.join(MOVING_NOTICE)} Confirm that the person agrees, and start again.")


def save_frames(
    frames: Iterable[Pixels],
    path: Path,
    fps: float,
    *,
    kind: SourceType,
    mark: bool = True,
    sound: Path | None = None,
    inherited: Sequence[str | bytes] = (),
    progress: Progress | None = None,
    total: int = 0,
) -> int:
    """Write frames as mp4, GIF or WebP with a label of ``kind``; returns their number.

    ``mark`` draws the visible label: in the corner of the settings, bottom right where they have none. ``inherited``
    are the XMP packets of the pictures it was made from. Nothing at ``path`` is replaced. Raises Cancelled when
    ``progress`` returns False, and what writing raises; no file is left then.
    """
    suffix = check_format(path)
    with atomic_write(path, new=True) as part:
        shown = _marked(frames) if mark else iter(frames)
        count = write_video(_counted(shown, progress, total), part, fps, suffix=suffix, sound=sound)
        label_moving(part, kind, inherited)
    return count


def label_moving(path: Path, kind: SourceType, inherited: Sequence[str | bytes] = ()) -> None:
    """Write the label of ``kind`` into a finished file, unless labels are switched off."""
    settings = label_settings()
    if not settings.enabled:
        return
    content = path.read_bytes()
    earlier = [packet for packet in (*inherited, read_packet(content)) if packet]
    path.write_bytes(write_packet(content, labelled_packet(Label(kind, producer=settings.producer.strip()), earlier)))


def mark_corner() -> tuple[str, Corner]:
    """Text and corner of the visible mark on moving pictures."""
    settings = label_settings()
    return settings.text or "AI", "bottom right" if settings.corner == "off" else settings.corner


def _marked(frames: Iterable[Pixels]) -> Iterator[Pixels]:
    text, corner = mark_corner()
    for frame in frames:
        yield np.asarray(draw_label(Image.fromarray(frame), text, corner))


def _counted(frames: Iterator[Pixels], progress: Progress | None, total: int) -> Iterator[Pixels]:
    for number, frame in enumerate(frames, start=1):
        yield frame
        if progress is not None and not progress(number, max(total, number)):
            raise Cancelled("Stopped; no file was written.")
