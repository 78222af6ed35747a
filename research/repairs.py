"""Who is recognised in pictures that show three people small, before and after their faces are repaired."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from facechain_ext.errors import PhotoError
from facechain_ext.faces.types import Face
from facechain_ext.hosts.diffusers import DiffusersHost
from facechain_ext.recipes.detail import DETAIL_SETTINGS, repair_faces
from facechain_ext.recipes.job import Person
from facechain_ext.recipes.regions import RegionPrompt, assign_regions
from facechain_ext.training.adapter.sampling import SamplingSettings, generate_pictures
from research.evaluate.mixing import rendered_identity
from research.evaluate.rendered import HELD_OUT, RenderedPeople
from research.person_lora.locator import SIDE, locate
from research.person_lora.people import rendered_in, wanted_scenes
from research.synthetic_world import caption

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from facechain_ext.demo import TinyModels
    from facechain_ext.faces.types import HeadMask, Pixels
    from facechain_ext.identity import Identity, TransFace
    from research.person_lora.judge import Judge
    from research.person_lora.locator import Locator
    from research.synthetic_world import Scene

PEOPLE, SMALL = 3, SIDE // 4
"""People of a picture, and the side of each, a quarter of that at which the tiny models draw."""
STRENGTH, STEPS, CFG = 1.0, 20, 3.0
BEFORE, WORLD = "as the model draws them", "as the world draws them, at that size"
DENOISE: Mapping[str, float] = {"repaired (denoising 0.4, the default)": 0.4, "repaired, denoising 0.8": 0.8}
"""Ways of repairing -> their denoising strength."""
ASKED = 1.5
"""Retrieval after the repair, in parts of that before, that was asked for."""
_BOX = (1.25, 1.6, 1.25, 1.5)
"""From the middle of the landmarks to the left, top, right and bottom of a face, in distances of the eyes."""


@dataclass(frozen=True)
class Found:
    """Of all faces drawn in one way: whether the person is the nearest of all, and the cosine to them."""

    hits: tuple[bool, ...]
    cosines: tuple[float, ...]

    @property
    def retrieval(self) -> float:
        """The share of faces whose person is the nearest."""
        return float(np.mean(self.hits))


class Row:
    """A detector for pictures of people side by side in squares: the face that the locator sees in each."""

    name = "locator"

    def __init__(self, locator: Locator) -> None:
        self._locator = locator

    def detect(self, pixels: Pixels) -> list[Face]:
        """One face for each square."""
        side = len(pixels)
        squares = [pixels[:, left : left + side] for left in range(0, pixels.shape[1], side)]
        found = []
        for number, own in enumerate(locate(self._locator, np.stack([resized(one, SIDE) for one in squares]))):
            points = (own * side / SIDE + [number * side, 0]).astype(np.float32)
            (x, y), eyes = points.mean(0), float(np.linalg.norm(points[1] - points[0]))
            left, top, right, bottom = (eyes * part for part in _BOX)
            found.append(Face((x - left, y - top, x + right, y + bottom), points, 1.0))
        return found


class NoMasker:
    """Parses nothing, so that an ellipse stands for each face: the photos' parsers do not know drawn ones."""

    name = "none"

    def mask(self, pixels: Pixels, face: Face) -> HeadMask:
        """Raises PhotoError."""
        raise PhotoError(f"A drawn face of {face.width:.0f} in {pixels.shape[1]} pixels is not parsed.")


def measure(
    models: TinyModels,
    encoder: TransFace,
    judge: Judge,
    count: int,
    *,
    notify: Callable[[str], None] = lambda _words: None,
    keep: Callable[[int, Mapping[str, Pixels]], None] = lambda _number, _pictures: None,
) -> dict[str, Found]:
    """What the judge finds in ``count`` pictures of three held-out people each; ``keep`` gets each way's pictures."""
    host = DiffusersHost.from_files(models.checkpoint, adapter=models.adapter)
    photos = RenderedPeople(PEOPLE * count, 1, first=HELD_OUT, side=SIDE)
    verdicts: dict[str, list[tuple[bool, float]]] = {}
    for number in range(count):
        people = range(PEOPLE * number, PEOPLE * (number + 1))
        identities = [rendered_identity(photos, one, encoder) for one in people]
        scenes = [wanted_scenes(one, 1)[0] for one in people]
        pictures = _pictures(host, judge.locator, identities, scenes, people)
        keep(number, pictures)
        for way, picture in pictures.items():
            for place, (one, scene) in enumerate(zip(people, scenes, strict=True)):
                seen = resized(picture[:, place * SMALL : (place + 1) * SMALL], SIDE)
                verdict = judge.verdict(seen[None], one, [scene])
                verdicts.setdefault(way, []).append((bool(verdict.hits[0]), float(verdict.cosines[0])))
        rates = ", ".join(f"{way} {np.mean([hit for hit, _ in all_]):.0%}" for way, all_ in verdicts.items())
        notify(f"picture {number + 1} of {count}: {rates}")
    return {way: Found(*zip(*all_, strict=True)) for way, all_ in verdicts.items()}


def _pictures(
    host: DiffusersHost, locator: Locator, identities: Sequence[Identity], scenes: Sequence[Scene], people: range
) -> dict[str, Pixels]:
    """The three people side by side in each way, RGB uint8 [24, 72, 3]."""
    assert host.adapter is not None
    words, seeds = [caption(scene) for scene in scenes], [1000 * one for one in people]
    given = [one.conditioning(host.adapter) for one in identities]
    tokens = torch.stack([one.null_tokens for one in given]), torch.stack([one.tokens for one in given])
    sampling = SamplingSettings(SMALL, STEPS, CFG)
    drawn = generate_pictures(
        host.checkpoint, words, seeds, sampling, adapter=host.adapter, tokens=tokens, strength=STRENGTH
    )
    before = np.concatenate(list(drawn), axis=1)
    neighbours = [(one, RegionPrompt("a neighbour")) for one in identities[1:]]
    placed = assign_regions(Person(identities[0], STRENGTH), None, neighbours)
    found = {BEFORE: before}
    for way, denoise in DENOISE.items():
        settings = replace(
            DETAIL_SETTINGS, prompt=words[0], denoise=denoise, strength=STRENGTH, seed=seeds[0], steps=STEPS, cfg=CFG,
            sampler=sampling.sampler, sides=(SIDE, SIDE), fuse=False,
        )  # fmt: skip
        result, _ = repair_faces(before, placed, settings, host=host, detector=Row(locator), masker=NoMasker())
        found[way] = result.pixels
    own = [rendered_in(one, [scene])[0] for one, scene in zip(people, scenes, strict=True)]
    return {**found, WORLD: np.concatenate([resized(one, SMALL) for one in own], axis=1)}


def resized(pixels: Pixels, side: int) -> Pixels:
    """A square picture at another side."""
    kind = Image.Resampling.BOX if side < len(pixels) else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(pixels).resize((side, side), kind))


def page(found: Mapping[str, Found], command: str) -> str:
    """The figures as a document in Markdown."""
    faces = len(found[BEFORE].hits)
    lines = [f"| {way} | {one.retrieval:.0%} | {np.mean(one.cosines):.3f} |" for way, one in found.items()]
    before = found[BEFORE].retrieval
    ratios = [f"{way}: {found[way].retrieval / before:.1f} times" for way in DENOISE] if before else []
    asked = "; ".join(ratios) or "nobody was recognised before"
    return f"""# Repaired faces, measured

{faces // PEOPLE} pictures of {PEOPLE} rendered people whom no model has seen ([the world](world.md)), side by side.
These are {faces} faces, each {SMALL} pixels high, a quarter of the {SIDE} at which the tiny models draw.
Made by `{command}`.

Each person is drawn by FACT (strength {STRENGTH:g}) at that size, where a face has hardly a latent cell and is lost.
Then *Repair faces* paints each at {SIDE} pixels with the person's identity, and puts it back at the size that it had.
Who it is says the judge of [a person's LoRA](person-lora.md), the nearest of 100, on the small face enlarged; its
encoder is FACT's, which favours FACT. Faces are found by that judge's locator, since detectors for photos do not
see these.

| | retrieval | mean cosine |
|---|---|---|
{chr(10).join(lines)}

Retrieval after the repair in parts of that before (asked: {ASKED:g}): {asked}.
"""
