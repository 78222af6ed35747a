"""What a recipe asks of a Host, and what it gets back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from facechain_ext.recipes.portrait_settings import PORTRAIT_DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL import Image

    from facechain_ext.identity import Identity

ControlKind = Literal["openpose", "openpose_face", "canny", "depth", "color", "tile", "ip_adapter"]
"""What a ControlNet unit is steered by."""


@dataclass(frozen=True)
class Person:
    """One identity in a picture.

    ``strength`` is the published scale (0 = off, 0.5 = published default), ``window`` the first and last fraction of
    the steps in which the adapter acts, ``region`` a float mask [h, w] in 0..1 over the picture or None for all of it.
    """

    identity: Identity
    strength: float = PORTRAIT_DEFAULTS["strength"]
    window: tuple[float, float] = PORTRAIT_DEFAULTS["window"]
    region: NDArray | None = None  # type: ignore[type-arg]


@dataclass(frozen=True)
class Lora:
    """A LoRA file (or the name that the host knows it by) and its weight."""

    file: Path | str
    weight: float = 1.0


@dataclass(frozen=True)
class Control:
    """A ControlNet unit: its kind, the picture that steers it, weight, and window in fractions of the steps."""

    kind: ControlKind
    picture: Image.Image
    weight: float = 1.0
    window: tuple[float, float] = (0.0, 1.0)
    prepared: bool = False
    """True when ``picture`` is already the skeleton, edge or depth map."""
    prompt_first: bool = False
    """Whether the prompt counts more than the unit, in hosts that know such a balance."""


@dataclass(frozen=True)
class Inpaint:
    """Start from a picture instead of noise.

    ``mask`` is an 8-bit greyscale picture (white = repaint) or None for the whole picture; ``denoise`` is 0..1.
    """

    picture: Image.Image
    denoise: float = 0.6
    mask: Image.Image | None = None


@dataclass(frozen=True)
class Hires:
    """A second pass at ``scale`` times the size; ``steps`` 0 means as many as the first pass."""

    scale: float = PORTRAIT_DEFAULTS["hires_scale"]
    denoise: float = PORTRAIT_DEFAULTS["hires_denoise"]
    steps: int = PORTRAIT_DEFAULTS["hires_steps"]
    upscaler: str = PORTRAIT_DEFAULTS["hires_upscaler"]


@dataclass(frozen=True)
class EarlyLook:
    """A look at each picture while it is made, which may give it up.

    ``goes_on`` gets the picture as it is foreseen after the fraction ``at`` of the first pass's steps, in which it is
    blurred; when it returns False the host goes on with the next one, and the picture is not among those it returns.
    """

    goes_on: Callable[[Image.Image], bool]
    at: float = 0.4


@dataclass(frozen=True)
class Job:
    """Everything that determines ``count`` pictures; picture i has seed ``seed + i``."""

    prompt: str
    negative_prompt: str = ""
    people: tuple[Person, ...] = ()
    adapter: str | None = None
    method: str = "auto"
    """How the people are put in; "auto" takes what fits the loaded model."""
    method_settings: Mapping[str, object] = field(default_factory=dict)
    """Further settings of the method, by name."""
    count: int = PORTRAIT_DEFAULTS["count"]
    seed: int = 0
    steps: int = PORTRAIT_DEFAULTS["steps"]
    sampler: str = PORTRAIT_DEFAULTS["sampler"]
    cfg: float = PORTRAIT_DEFAULTS["cfg"]
    width: int = PORTRAIT_DEFAULTS["width"]
    height: int = PORTRAIT_DEFAULTS["height"]
    loras: tuple[Lora, ...] = ()
    controls: tuple[Control, ...] = ()
    inpaint: Inpaint | None = None
    hires: Hires | None = None
    face_in_hires: bool = True
    remarks: Mapping[str, str | float] = field(default_factory=dict)
    """Further entries of the pictures' settings text, by label."""
    look: EarlyLook | None = field(default=None, compare=False, repr=False)
    """The look at each picture while it is made, by hosts that can; None for none."""


@dataclass(frozen=True)
class Portrait:
    """One generated picture, its seed, its settings in the webui's PNG-info text, and what did not go as asked."""

    picture: Image.Image
    seed: int
    infotext: str
    notes: tuple[str, ...] = field(default=())
