"""What a worker needs: its host, and who reads the references of a request; and what it gives: pictures as files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from facechain_ext.recipes.host import Host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.identity import Identity, TransFace
    from facechain_ext.identity.photo_judge import PhotoCheck
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.clip.frame_distances import FrameDistances
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.readiness import DrawingDefaults, Need
    from facechain_ext.recipes.talking.engine_settings import EngineSettings

T = TypeVar("T")


class Capabilities(Protocol):
    """What a worker needs to know of its host."""

    @property
    def ready_controls(self) -> frozenset[ControlKind]:
        """The kinds of ControlNet that can be used."""

    @property
    def needed(self) -> tuple[Need, ...]:
        """What is missing for a portrait."""

    @property
    def defaults(self) -> DrawingDefaults:
        """Default settings for the checkpoint."""


class WorkerHost(Host, Protocol):
    """A host that a worker can use; the page's hosts are such."""

    def capabilities(self) -> Capabilities:
        """What it has; loads no model."""

    def encoder(self) -> TransFace:
        """The face encoder."""

    def likeness_scorer(self, judge: str = "") -> LikenessScorer:
        """Who says how like a picture is: ``judge`` by its name, the host's own setting without one."""

    def engines(self) -> EngineSettings:
        """The foreign engines of talking portraits that are set up."""

    def lora_folders(self) -> tuple[Path, ...]:
        """Where LoRAs are."""

    def queued(self, work: Callable[[], T]) -> Callable[[], T]:
        """``work`` as a function that first waits until nothing else generates."""


class Sources(Protocol):
    """What the references of a request stand for."""

    def picture(self, reference: str) -> bytes:
        """The file of a photo or a template; raises FaceChainError that names it."""

    def card(self, reference: str) -> tuple[str, Identity]:
        """Name and identity of a card; raises FaceChainError that names it."""


@dataclass(frozen=True)
class MadePicture:
    """One picture: its file as PNG, its infotext and seed, and its likeness (cosine, None where none was judged).

    A talking portrait and a clip are a file as mp4. ``check`` is what a second network says of a picture beside the
    person's photos, where that is installed; ``curve`` how like the frames of a video are. ``judged`` says the
    likeness in words, with who scored it; a judge by distance has only these, as less is more alike there.
    """

    content: bytes
    infotext: str
    seed: int
    likeness: float | None = None
    check: PhotoCheck | None = None
    curve: FrameDistances | None = None
    judged: str = ""

    @property
    def suffix(self) -> str:
        """The end of its file's name: a moving likeness is an mp4."""
        return ".mp4" if self.content[4:8] == b"ftyp" else ".png"


@dataclass(frozen=True)
class RequestResult:
    """The pictures of a request, most like first, with sentences on them, and whether it was stopped.

    ``left_out`` is that part of ``notes`` which names what was requested and not done, where the recipe tells it;
    ``faces`` how many faces the picture has that was the template, None where none was.
    """

    pictures: tuple[MadePicture, ...]
    notes: tuple[str, ...] = ()
    stopped: bool = False
    left_out: tuple[str, ...] = ()
    faces: int | None = None
