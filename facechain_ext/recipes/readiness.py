"""What is still needed before a portrait can be made, all of it at once, and what a checkpoint draws well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError
from facechain_ext.faces.detect import DETECTORS
from facechain_ext.faces.mask import HEAD_MASKERS
from facechain_ext.methods.fact.files import adapter_files
from facechain_ext.methods.photomaker.files import photomaker_files
from facechain_ext.weights import find
from facechain_ext.weights.header import model_facts
from facechain_ext.weights.manifest import entry
from facechain_ext.weights.store import how_to_get

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from facechain_ext.weights.background import DownloadFunction

ENCODER, ADAPTER, PHOTOMAKER = "transface", "adapter-majic", "photomaker-v1"
"""What the manifest calls the face encoder, and what is fetched where there is no adapter and no PhotoMaker file."""


@dataclass(frozen=True)
class Need:
    """Something without which no portrait can be made.

    ``what`` says what is missing and ``remedy`` what would change it, both in whole sentences; ``keys`` are the files
    of the manifest that do (none where the user has to act), and ``task`` brings them where they do not belong into
    our own folder.
    """

    what: str
    remedy: str
    keys: tuple[str, ...] = ()
    task: DownloadFunction | None = field(default=None, compare=False)


@dataclass(frozen=True)
class DrawingDefaults:
    """What suits a checkpoint: sides in pixels, sampling steps, pictures at once, and the sides of a painted face.

    ``words`` say why these are not the usual ones; empty where they are.
    """

    width: int = 512
    height: int = 512
    steps: int = 25
    count: int = 4
    painted: tuple[int, int] = (512, 1024)
    words: str = ""

    def suited_steps(self, usual: int) -> int:
        """``usual``, the sampling steps of a recipe, or this checkpoint's where it is not a usual one."""
        return self.steps if self.words else usual


USUAL = DrawingDefaults()
SMALL = DrawingDefaults(
    96, 128, 20, 2, (128, 128),
    "The demo model is loaded: it was trained on synthetic faces of 96 to 128 pixels and draws nothing larger, so the "
    "defaults are 96 x 128 pixels, 20 steps and 2 pictures. A Stable Diffusion 1.5 checkpoint makes real portraits.",
)  # fmt: skip

LARGE = DrawingDefaults(1024, 1024, painted=(1024, 1024))
"""SDXL was trained on pictures of about a million pixels."""


def drawing_defaults(checkpoint: Path | None) -> DrawingDefaults:
    """What suits a checkpoint's file, recognised by the width of its U-Net; the usual where that cannot be known."""
    facts = model_facts(checkpoint) if checkpoint is not None else None
    if facts is not None and facts.is_sdxl:
        return LARGE
    return SMALL if facts is not None and facts.is_sd15 and facts.is_tiny else USUAL


def checkpoint_needs(checkpoint: Path, where: str) -> tuple[Need, ...]:
    """The need for another checkpoint where this one is of another family; ``where`` says where one is chosen."""
    facts = model_facts(checkpoint)
    if facts is None or facts.is_sd15 or facts.is_sdxl:
        return ()
    what = f"{checkpoint.name} is {facts.kind}; FaceChain draws with Stable Diffusion 1.5 and Stable Diffusion XL."
    return (Need(what, where),)


def is_sdxl(checkpoint: Path | None) -> bool:
    """Whether a file is known to be a checkpoint of Stable Diffusion XL."""
    facts = model_facts(checkpoint) if checkpoint is not None else None
    return facts is not None and facts.is_sdxl


def file_needs(*, encoder: bool = True, adapter: bool = True, photomaker: bool = False) -> tuple[Need, ...]:
    """The files that are missing.

    ``encoder`` and ``adapter`` are False where the host has its own; for SDXL ``photomaker`` takes the adapter's place.
    """
    needs = []
    if encoder and find(ENCODER) is None:
        what = "The face encoder is missing; it reads the face off the photo."
        needs.append(Need(what, how_to_get(ENCODER), (ENCODER,)))
    if adapter and not adapter_files():
        what = "A face adapter is missing; it puts the face into the picture."
        needs.append(Need(what, how_to_get(ADAPTER), (ADAPTER,)))
    if photomaker and not photomaker_files():
        what = "The PhotoMaker file is missing; it puts the person into the pictures of SDXL."
        needs.append(Need(what, how_to_get(PHOTOMAKER), (PHOTOMAKER,)))
    for ability, purpose in (
        ("detector", "finds the face in the photo"),
        ("head mask", "cuts the head out of the photo"),
    ):
        found = _lacking(ability)
        if found is not None:
            remedy, key = found
            what = f"A network is missing that {purpose}."
            needs.append(Need(what, remedy, (key,) if key else ()))
    return tuple(needs)


def require_ready(needs: Sequence[Need]) -> None:
    """Raise WeightsError that names everything that is missing, and where the page downloads it."""
    if not needs:
        return
    fetched = "" if not any(need.keys for need in needs) else " Press “Get what is missing” on this page."
    remedies = "".join(f" {need.remedy}" for need in needs if not need.keys)
    raise WeightsError(f"No portrait can be made yet. {' '.join(need.what for need in needs)}{remedies}{fetched}")


def megabytes(keys: Sequence[str]) -> int:
    """About the size of these files together, as far as it is known."""
    return sum(entry(key).megabytes for key in keys)


def _lacking(ability: str) -> tuple[str, str] | None:
    """What would give "detector" or "head mask" its first provider: the step, and the key of the file that is lacking.

    None when a provider is ready; the key is "" where more than a file of the manifest is lacking.
    """
    choices = DETECTORS if ability == "detector" else HEAD_MASKERS
    if any(not provider.remedy() for provider in choices):
        return None
    for provider in choices:
        if provider.lacks_weights_only:
            return provider.remedy(), provider.weights_key
    easiest = next((provider for provider in choices if provider.name == "mediapipe"), choices[0])
    return easiest.remedy(), ""
