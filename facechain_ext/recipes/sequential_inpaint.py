"""Several people who have no influence on each other: each is painted alone into a picture that knows nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.infotext import people_infotext
from facechain_ext.recipes.job import Inpaint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import Job, Portrait

    Progress = Callable[[int, int], bool]


@dataclass(frozen=True)
class SequentialInpaintHost:
    """A Host that paints the people of a job one by one; a job with fewer than two goes to ``host`` as it is.

    In one generation a U-Net carries a little of everybody everywhere. Here the first generation has no person in it;
    then everybody is painted into that picture with ``denoise`` (0..1), inside their own region, and the regions are
    laid over it. So nobody changes anything in another's region, except where their soft borders overlap. It costs one
    more generation for each person, as long as ``denoise`` is large.
    """

    host: Host
    denoise: float

    @property
    def name(self) -> str:
        """That of the host."""
        return self.host.name

    def generate(
        self,
        job: Job,
        *,
        progress: Progress | None = None,
        ready: Callable[[Portrait], None] | None = None,
    ) -> Sequence[Portrait]:
        """Make the pictures of ``job``; what is stopped gives those in which everybody is painted.

        Raises HostError as the host does, and for a job that starts from a picture.
        """
        if len(job.people) < 2:
            return self.host.generate(job, progress=progress, ready=ready)
        if job.inpaint is not None:
            raise HostError("People are painted alone into a picture made from noise; this job starts from a picture.")
        labels = people_infotext(
            job.people, {"adapter": job.adapter or AUTOMATIC, **job.method_settings}, hires=job.face_in_hires
        )
        share = _Shares(progress, job.steps, job.count * (1 + len(job.people)))
        bare = replace(job, people=(), look=None, remarks={**labels, **job.remarks})
        finished: list[Portrait] = []
        for portrait in self.host.generate(bare, progress=share.next(job.count)):
            whole = self._peopled(portrait, job, share)
            if whole is None:
                break
            finished.append(whole)
            if ready is not None:
                ready(whole)
        return finished

    def _peopled(self, portrait: Portrait, job: Job, share: _Shares) -> Portrait | None:
        """``portrait`` with everybody in it, None when that was stopped."""
        base = portrait.picture.convert("RGB")
        before = np.asarray(base, np.float32)
        changes, weights, notes = np.zeros_like(before), np.zeros(before.shape[:2], np.float32), [*portrait.notes]
        for person in job.people:
            region = _over(person.region, base.size)
            mask = Image.fromarray((region * 255).round().astype(np.uint8))
            alone = replace(
                job, people=(person,), look=None, count=1, seed=portrait.seed, width=base.width, height=base.height,
                hires=None, inpaint=Inpaint(base, self.denoise, mask),
            )  # fmt: skip
            made = self.host.generate(alone, progress=share.next(1))
            if not made:
                return None
            changes += region[..., None] * (np.asarray(made[0].picture.convert("RGB"), np.float32) - before)
            weights += region
            notes += made[0].notes
        # where regions overlap their weights add up to one, as they do in one generation
        pixels = before + changes / np.maximum(weights, 1)[..., None]
        picture = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
        picture.info.update(portrait.picture.info)
        return replace(portrait, picture=picture, notes=tuple(dict.fromkeys(notes)))


class _Shares:
    """One progress for several generations, of ``count`` pictures with ``steps`` steps in all."""

    def __init__(self, progress: Progress | None, steps: int, count: int) -> None:
        self._progress, self._steps, self._count = progress, steps, count
        self._done = 0

    def next(self, pictures: int) -> Progress | None:
        """The progress of a generation of ``pictures``, to be handed to the host."""
        progress, before = self._progress, self._done
        self._done += pictures
        if progress is None:
            return None
        return lambda done, total: progress(
            self._steps * before + self._steps * pictures * done // max(total, 1), self._steps * self._count
        )


def _over(region: np.ndarray | None, size: tuple[int, int]) -> np.ndarray:
    """A region [h, w] in 0..1 at a picture's size (width, height); all of it for None."""
    if region is None:
        return np.ones((size[1], size[0]), np.float32)
    small = Image.fromarray(np.asarray(region, np.float32), "F")
    return np.asarray(small.resize(size, Image.Resampling.BILINEAR)).clip(0, 1)
