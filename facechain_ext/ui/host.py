"""The interface between the page and the host that owns the diffusion model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from facechain_ext.recipes.host import Host
from facechain_ext.recipes.readiness import USUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from PIL import Image

    from facechain_ext.doctor import Check
    from facechain_ext.identity import TransFace
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.job import Control, ControlKind, Portrait
    from facechain_ext.recipes.readiness import DrawingDefaults, Need
    from facechain_ext.recipes.style import FaceTool
    from facechain_ext.recipes.talking.engine_settings import EngineSettings
    from facechain_ext.training_runs.captioners import Captioner

T = TypeVar("T")


@dataclass(frozen=True)
class HostCapabilities:
    """What the host offers, by the names that a Job uses.

    ``upscalers`` are those of a second pass, ``enlargers`` those of finished pictures. ``checkpoint`` is the one that
    is loaded or will be. ``controls`` says for every kind of ControlNet why it cannot be used, in words; an empty text
    means that it can, a kind that is missing cannot. ``notice`` is what the user should know before the first picture,
    such as why nothing can be generated at all; or nothing. ``restorers`` make faces sharper, by name. ``speedups``
    says by infotext label which switches that save time and change pictures are on.
    """

    samplers: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()
    loras: tuple[str, ...] = ()
    upscalers: tuple[str, ...] = ()
    enlargers: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()
    checkpoint: str = ""
    controls: Mapping[ControlKind, str] = field(default_factory=dict)
    notice: str = ""
    restorers: Mapping[str, FaceTool] = field(default_factory=dict)
    needed: tuple[Need, ...] = ()
    """Missing requirements of a portrait."""
    defaults: DrawingDefaults = USUAL
    """Default settings for the checkpoint."""
    speedups: Mapping[str, bool] = field(default_factory=dict)

    def unavailable_reason(self, kind: ControlKind) -> str:
        """Why a kind of ControlNet is unavailable; empty when it is available."""
        return self.controls.get(kind, "No ControlNet for this is installed.")

    @property
    def ready_controls(self) -> frozenset[ControlKind]:
        """The kinds of ControlNet that can be used."""
        return frozenset(kind for kind, reason in self.controls.items() if not reason)


class PageHost(Host, Protocol):
    """A Host that a page can be built on. Its methods may be called from several threads at once."""

    def capabilities(self) -> HostCapabilities:
        """The current capabilities; reads file names, loads no model."""
        ...

    def checks(self) -> Iterable[Check]:
        """The doctor's lines about the host itself."""
        ...

    def encoder(self) -> TransFace:
        """The face encoder, loaded when first asked for; raises WeightsError that says how to get it."""
        ...

    def likeness_scorer(self, judge: str = "") -> LikenessScorer:
        """The scorer of likeness by the name ``judge``, the host's own setting without one.

        Raises WeightsError like ``encoder``, which it may need.
        """
        ...

    def engines(self) -> EngineSettings:
        """The foreign engines of talking portraits that are set up here, never by a request."""
        ...

    def uploaded_path(self, file: object) -> Path:
        """The path of a file object of gradio; raises PhotoError for a file that was not uploaded."""
        ...

    def lora_folders(self) -> tuple[Path, ...]:
        """The LoRA folders, the one for new files first."""
        ...

    def reload_loras(self) -> None:
        """Rescan the LoRA folders, so that ``capabilities`` includes new files."""
        ...

    def checkpoint_files(self) -> Mapping[str, Path]:
        """The files that a style can be learned on, by name; a page chooses among these and names no other."""
        ...

    def captioners(self) -> Mapping[str, Callable[[], Captioner]]:
        """The host's own networks that describe pictures, by name, each made ready when it is called."""
        ...

    def training_python(self) -> Path | None:
        """The Python of this very page where it can train; None in a webui, whose packages are not ours to use."""
        ...

    def output_folder(self) -> Path:
        """The folder of saved pictures."""
        ...

    def save(
        self, portrait: Portrait, *, stem: str = "portrait", exact: Callable[[str], bytes] | None = None
    ) -> Path | None:
        """Write a finished picture with its settings where the host keeps its own; overwrites nothing.

        ``stem`` begins the name of the file in a host without patterns of its own. ``exact`` makes the bytes of the
        PNG file from the settings text that the host wants in it; without it the host encodes the picture. None where
        the user has told the host to keep no pictures by itself.
        """
        ...

    def save_video(self, content: bytes, stem: str) -> Path | None:
        """Write a finished video beside the host's own pictures; overwrites nothing.

        ``stem`` begins the name of the file. None where the user has told the host to keep no pictures by itself.
        """
        ...

    def queued(self, work: Callable[[], T]) -> Callable[[], T]:
        """``work``, done when nothing else generates here; ``generate`` may be called in it as often as needed."""
        ...

    def is_waiting(self, thread: int) -> bool:
        """Whether the thread with this identifier waits because another run occupies the host."""
        ...

    def interrupt(self) -> None:
        """Stop the running generation, started by any browser; finished pictures are kept."""
        ...

    def control_map(self, control: Control) -> Image.Image:
        """The preprocessed picture of a ControlNet unit (skeleton, edges or depth); raises HostError on failure."""
        ...

    def preview(self) -> Image.Image | None:
        """The live preview of the running generation; None when there is none."""
        ...

    def settings_to_send(self, infotext: str, photos: Sequence[Path]) -> str:
        """The infotext for another tab, with a reference to the person's ``photos``."""
        ...

    def send_targets(self) -> tuple[str, ...]:
        """Where a picture with its settings can be sent (txt2img, img2img, inpaint, extras); none without a webui."""
        ...
