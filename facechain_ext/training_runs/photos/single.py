"""The views of a photo that is the only one, each with a decision and a line of the table, as a photo has them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces import read_picture
from facechain_ext.styles import key_of
from facechain_ext.training_runs.photos.decision import MASKS, PhotoDecision
from facechain_ext.training_runs.photos.views import photo_views, view_caption
from facechain_ext.training_runs.pictures import CaptionRow, write_png

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from facechain_ext.faces import Detector, HeadMasker
    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.identity.face_embedders import FaceEmbedder
    from facechain_ext.training_runs.photos.drawn_views import DrawnView


@dataclass
class Views:
    """Views of the square of ``photo`` in the folder ``out``, whose caption is known; collected as they are made."""

    out: Path
    photo: PhotoDecision
    caption: str
    decisions: list[PhotoDecision] = field(default_factory=list)
    rows: list[CaptionRow] = field(default_factory=list)

    def add_variants(self) -> None:
        """The square mirrored, closer, tilted and in other light; all of them are used."""
        pixels = read_picture(self.out / self.photo.file).pixels
        grey = cv2.imdecode(np.fromfile(self.out / MASKS / self.photo.file, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert grey is not None  # it was written a moment ago
        for view in photo_views(pixels, np.asarray(grey >= 128)):
            decision = replace(self.photo, remarks=(f"a view made of this photo: {view.name}",))
            self._add(view.name, decision, view.pixels, view.mask, view_caption(view.name, self.caption))

    def add_drawn(
        self,
        drawn: Sequence[DrawnView],
        trigger: str,
        meant: NDArray[np.float32],
        embedder: FaceEmbedder,
        detector: Detector,
        masker: HeadMasker,
    ) -> None:
        """What FACT drew; used where the face is like the one of the vector ``meant``, by the network that made it."""
        same = embedder.same
        for view in drawn:
            found = detector.detect(view.pixels)
            mask = masker.mask(view.pixels, found[0]).head if found else np.zeros(view.pixels.shape[:2], bool)
            likeness, reason = 0.0, "no face was found in what FACT drew"
            if found:
                likeness = embedder.similarity(embedder.embed(view.pixels, found[0]), meant)
                why = f"FACT drew someone else: likeness {likeness:.2f}, from {same:.2f} it is the person"
                reason = "" if likeness >= same else why
            decision = replace(
                self.photo, use=not reason, reason=reason, likeness=round(likeness, 4), quality=0.0,
                yaw=round(found[0].yaw, 1) if found else 0.0, faces=len(found),
                face_pixels=round(max(found[0].width, found[0].height)) if found else 0,
                remarks=(f"drawn by FACT from this photo: {view.name}",),
            )  # fmt: skip
            self._add(f"fact {view.name}", decision, view.pixels, mask, f"{trigger}, {view.words}")

    def _add(self, name: str, decision: PhotoDecision, pixels: Pixels, mask: Mask, caption: str) -> None:
        file = f"{self.photo.file.removesuffix('.png')}--{key_of(name)}.png"
        write_png(self.out / file, pixels)
        write_png(self.out / MASKS / file, mask.astype(np.uint8) * 255)
        self.decisions.append(replace(decision, file=file, view=name))
        self.rows.append(CaptionRow(file, decision.use, caption, decision.reason))
