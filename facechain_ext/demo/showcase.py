"""Pictures of the demo: real people in a template, and held-out rendered people."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import PhotoError
from facechain_ext.identity.likeness_scorer import EncoderScorer, rank_by_likeness
from facechain_ext.recipes.job import Job, Person
from facechain_ext.recipes.sheet import sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers import DiffusersHost
    from facechain_ext.identity import Identity, TransFace
    from facechain_ext.identity.likeness_scale import Likeness
    from facechain_ext.recipes.job import Portrait

PROMPT = "a closeup photo of a person, blue background, white shirt"
"""A caption of the synthetic world, the only prompts that the tiny models were trained on."""
SIDE, STEPS, SEED, CFG = 96, 20, 7, 3.0
STRENGTHS = (0.0, 0.5, 1.0)
TRIES = 8
"""Generated pictures of which the one with the highest likeness is shown."""
HELD_OUT_PERSON = Path(__file__).with_name("held_out_person.png")
_SCORING_SIDE = 384
"""Pictures are enlarged to this side for the face detector, which misses faces of 96 pixels."""


def eileen_collins() -> Pixels:
    """NASA's portrait of Eileen Collins, public domain, of scikit-image; raises PhotoError where that is missing."""
    try:
        from skimage import data
    except ImportError as error:
        raise PhotoError("The example photo comes with scikit-image: pip install scikit-image") from error
    return np.asarray(data.astronaut())


def grace_hopper() -> Pixels:
    """The US Navy's portrait of Grace Hopper, public domain, of matplotlib; raises PhotoError where that is missing."""
    try:
        from matplotlib import cbook
    except ImportError as error:
        raise PhotoError("The second example photo comes with matplotlib: pip install matplotlib") from error
    file = cbook.get_sample_data("grace_hopper.jpg")
    assert not isinstance(file, np.ndarray)
    return np.asarray(Image.open(file).convert("RGB"))


def into_template(template: Pixels, photo: Pixels) -> Pixels:
    """The person of ``photo`` in the largest face's place of ``template``, by the instant quality: no model draws."""
    from facechain_ext.recipes.template import FaceSource, find_template_faces, make, read_template

    stream = io.BytesIO()
    Image.fromarray(template).save(stream, "PNG")
    canvas = read_template(stream.getvalue())
    targets = find_template_faces(canvas.pixels)
    largest = max(targets, key=lambda target: target.face.area)
    return make(canvas, {largest.number: FaceSource(photo=photo)}, targets=targets).pixels[..., :3]


def held_out_photo() -> Pixels:
    """A rendered person whom training never shows to a model (``research/held_out_people.py`` renders the file)."""
    return np.asarray(Image.open(HELD_OUT_PERSON).convert("RGB"))


@dataclass(frozen=True, eq=False)
class ScoredPictures:
    """Pictures of a person and how like each is, by the encoder that put the face in; None where no face is found."""

    pictures: tuple[Portrait, ...]
    scores: tuple[Likeness | None, ...]

    @property
    def best(self) -> int:
        """The index of the picture with the highest likeness."""
        return rank_by_likeness(self.scores)[0]


def generate(
    host: DiffusersHost, identity: Identity, strength: float, *, count: int = 1, seed: int = SEED
) -> list[Portrait]:
    """Generate pictures of a person with the tiny models, at their size and with PROMPT."""
    job = Job(
        PROMPT,
        people=(Person(identity, strength),),
        seed=seed,
        steps=STEPS,
        width=SIDE,
        height=SIDE,
        cfg=CFG,
        count=count,
    )
    return list(host.generate(job))


def best_of(
    host: DiffusersHost, encoder: TransFace, identity: Identity, *, strength: float, count: int
) -> ScoredPictures:
    """Generate ``count`` pictures of a person and score them."""
    pictures = generate(host, identity, strength, count=count)
    scorer = EncoderScorer(encoder)
    enlarged = (one.picture.resize((_SCORING_SIDE, _SCORING_SIDE), Image.Resampling.BICUBIC) for one in pictures)
    return ScoredPictures(tuple(pictures), tuple(scorer.likeness(picture, identity) for picture in enlarged))


def stacked(pages: Sequence[Image.Image]) -> Image.Image:
    """The pages stacked vertically on white."""
    width = max(page.width for page in pages)
    stack = Image.new("RGB", (width, sum(page.height for page in pages)), (255, 255, 255))
    top = 0
    for page in pages:
        stack.paste(page, (0, top))
        top += page.height
    return stack


def template_sheet() -> Image.Image:
    """A real person in a real picture of somebody else."""
    template, photo = eileen_collins(), grace_hopper()
    cells = [
        ("template: Eileen Collins (NASA)", Image.fromarray(template)),
        ("photo: Grace Hopper (US Navy)", Image.fromarray(photo)),
        ("Grace Hopper in the template, instant", Image.fromarray(into_template(template, photo))),
    ]
    title = "Two real people, both photos in the public domain. The instant template warps and blends; no model draws."
    return sheet(cells, side=364, columns=3, title=title)


def person_sheet(photo: Pixels, pictures: Sequence[Portrait], best: Portrait | None, title: str) -> Image.Image:
    """The photo of a person, a picture of one seed at each of STRENGTHS, and the most like of several."""
    cells = [("photo", Image.fromarray(photo))]
    cells += [(f"strength {s:g}", one.picture) for s, one in zip(STRENGTHS, pictures, strict=True)]
    if best is not None:
        cells.append((f"the most like of {TRIES}", best.picture))
    return sheet(cells, side=216, columns=5, title=title)
