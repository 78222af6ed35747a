"""What every way of putting a person into a diffusion model has in common, and what it asks of a host."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from contextlib import AbstractContextManager

    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from facechain_ext.identity import Identity
    from facechain_ext.methods.method_lora import MethodLora
    from facechain_ext.methods.setting import Setting

log = logging.getLogger(__name__)

T = TypeVar("T")

ModelFamily = Literal["SD1.5", "SD2", "SDXL", "SDXL refiner", "unknown"]
"""What kind of diffusion model a checkpoint holds."""


class PersonInPicture(Protocol):
    """One person of a picture.

    ``strength`` is 0 for off, ``window`` the first and last fraction of the steps in which the person is put in,
    ``region`` a mask float [h, w] in 0..1 over the picture, or None for all of it.
    """

    @property
    def identity(self) -> Identity:
        """Who it is."""
        ...

    @property
    def strength(self) -> float:
        """How strongly the person is put in."""
        ...

    @property
    def window(self) -> tuple[float, float]:
        """In which of the steps."""
        ...

    @property
    def region(self) -> NDArray | None:  # type: ignore[type-arg]
        """In which part of the picture."""
        ...


@dataclass(frozen=True)
class StepLayout:
    """The rows that a host's denoiser runs in one step: ``conditional`` ones first, then ``unconditional`` ones.

    ``cond`` and ``uncond`` are the text embeddings of those rows, [rows, tokens, width], when they are known. With
    ``windows`` the rows are frames in sliding windows: "pairs" has a window's conditional rows and then its
    unconditional ones in each call, "apart" rows of one kind.
    """

    conditional: int
    unconditional: int
    cond: Tensor | None = None
    uncond: Tensor | None = None
    windows: Literal["", "pairs", "apart"] = ""


class ModelPatcher(Protocol):
    """What Forge and its relatives wrap a U-Net in."""

    def set_model_patch(self, patch: Callable[..., Tensor], name: str) -> None:
        """Call ``patch`` at the place of the U-Net called ``name``."""
        ...


class HostModel(Protocol):
    """The diffusion model that a host has loaded."""

    @property
    def program(self) -> str:
        """Name and version of the program that runs it, for messages."""
        ...

    @property
    def family(self) -> ModelFamily:
        """What kind of model it is."""
        ...

    @property
    def unet(self) -> nn.Module:
        """The U-Net, of the ldm, sgm or diffusers classes."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """In what the U-Net computes, which may differ from what its weights are stored in."""
        ...

    @property
    def streams_weights(self) -> bool:
        """Whether each part of the U-Net is loaded only while it computes (low video memory)."""
        ...

    @property
    def keeps_weights(self) -> bool:
        """Whether a method's weights may stay loaded beside the U-Net while a picture is decoded."""
        ...

    def cached(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, made again only when ``key`` changes; one value of each ``kind`` is kept."""
        ...

    def patched(self, extra_bytes: int) -> AbstractContextManager[ModelPatcher] | None:
        """A clone of the host's patcher that takes its place inside the block; None where there is no patcher.

        ``extra_bytes`` of memory are announced to the host, which fills the device up to what it knows of.
        """
        ...


def _log_warning(sentence: str) -> None:
    log.warning("%s", sentence)


@dataclass(frozen=True)
class RuntimeOptions:
    """How a method computes in one generation; the defaults are exact.

    ``attention`` is the host's attention function (query, key, value [b, heads, n, d], bias or None), None for
    PyTorch's own. ``automatic_region``, ``every_second_step`` and ``conditional_only`` save time and are not exact.
    ``on_failure`` gets an error in the method's part of a step, which then ends the method, not the picture; None lets
    it leave the U-Net. ``on_ambiguous`` gets a sentence when the host's rows cannot be told apart.
    """

    attention: Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor] | None = None
    automatic_region: bool = False
    every_second_step: bool = False
    conditional_only: bool = False
    on_failure: Callable[[Exception], None] | None = None
    on_ambiguous: Callable[[str], None] = _log_warning


class ActiveMethod(Protocol):
    """A method that acts in a host's model at this moment."""

    def set_progress(self, fraction: float) -> None:
        """Tell how much of the steps is done, 0..1."""
        ...

    def begin_step(self, layout: StepLayout) -> None:
        """Tell which rows the denoiser is about to run, where the host knows no more."""
        ...

    def set_rows(self, conditional: Sequence[bool]) -> None:
        """Tell which rows of the next call of the U-Net are conditional, where the host knows that."""
        ...


class PromptConditioning(Protocol):
    """A person in a prompt's embeddings, for hosts to ask while they encode a prompt for one generation."""

    def tokenize(self, tokenize: Callable[[list[str]], list[list[int]]], fragments: Sequence[str]) -> list[list[int]]:
        """What ``tokenize`` gives for a prompt's ``fragments``, with marked tokens in which the person is put."""
        ...

    def tokenize_words(
        self, tokenize: Callable[[list[str]], list[list[int]]], fragments: Sequence[str]
    ) -> list[list[int]]:
        """The same for the words alone, without the person and without the method's own trigger word."""
        ...

    def is_marked(self, token: int) -> bool:
        """Whether a token of ``tokenize`` is one in which the person is put."""
        ...

    def fuse(self, weighted: Tensor, plain: Tensor, marked: Tensor) -> Tensor:
        """The embeddings ``weighted`` [b, t, width] with the person in the tokens that ``marked`` bool [b, t] names.

        ``plain`` are the embeddings before the weights of the words. All other tokens stay as they are, bit for bit.
        """
        ...

    def acts_in(self, step: int, steps: int) -> bool:
        """Whether the person is in the prompt in ``step``, from 0, of ``steps``."""
        ...

    def remark(self, fragments: Sequence[str]) -> str:
        """A sentence about where in the prompt the person is put in; "" where there is nothing to say.

        Raises InputError for a prompt in which the person cannot be put in.
        """
        ...


class PreparedMethod(Protocol):
    """A method with the people of one generation, ready to act in any of its passes."""

    @property
    def method(self) -> str:
        """The method's name."""
        ...

    @property
    def settings(self) -> Mapping[str, object]:
        """The method's own settings as they are used, by name: "auto" is resolved."""
        ...

    @property
    def conditioning(self) -> PromptConditioning | None:
        """What the method does to the prompt's embeddings; None where it leaves them alone."""
        ...

    @property
    def lora(self) -> MethodLora | None:
        """The LoRA that the host applies in the passes in which the method acts; None where there is none."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about what of the request the method leaves out."""
        ...

    def applied(self, model: HostModel, options: RuntimeOptions) -> AbstractContextManager[ActiveMethod]:
        """Act in ``model`` inside the block; afterwards the model is bit for bit what it was, whatever ended it.

        Raises HostError when the model is of another kind than what was prepared.
        """
        ...

    def keep_loaded(self, device: torch.device | None = None) -> None:
        """Have the weights on ``device`` (None: where they are) between blocks too, until ``offload`` is called."""
        ...

    def offload(self) -> None:
        """End one ``keep_loaded``."""
        ...


class Method(Protocol):
    """A way in which a person enters a diffusion model."""

    @property
    def name(self) -> str:
        """Its name in the interface, in requests and in pictures' settings; it never changes."""
        ...

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Its own rows of the table of settings."""
        ...

    @property
    def trained_for(self) -> tuple[ModelFamily, ...]:
        """Families for which trained weights are published: where it is chosen before others."""
        ...

    def has_files(self, family: ModelFamily) -> bool:
        """Whether weights for models of ``family`` are on this machine."""
        ...

    def missing_weights(self) -> tuple[str, ...]:
        """Keys of the manifest that have to be fetched before it can work; empty when all are there."""
        ...

    def unavailable_reason(self, family: ModelFamily) -> str:
        """Why it cannot work with a model of ``family``, as a sentence with the next step; "" when it can."""
        ...

    def unusable_reason(self, identity: Identity) -> str:
        """Why ``identity`` lacks what the method takes from photos, with the next step; "" when it has it."""
        ...

    def prepare(
        self, people: Sequence[PersonInPicture], settings: Mapping[str, object], model: HostModel
    ) -> PreparedMethod:
        """Read the weights and turn the people into what the model takes.

        ``settings`` are the method's own, by name; those that are missing have their defaults. Raises WeightsError when
        a file is missing or of another kind, HostError when ``model`` cannot be used.
        """
        ...
