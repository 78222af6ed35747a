"""What the glue uses of the objects that a webui, its extensions and gradio hand over.

None of them has types that could be imported without starting the host. Each Protocol names only the attributes that
are read or written here, as AUTOMATIC1111 1.10, Forge, reForge and Forge Classic all have them; what some hosts lack is
read with ``getattr`` where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, TypedDict

from facechain_ext.methods.protocol import ModelPatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import gradio as gr
    import torch
    from numpy.typing import NDArray
    from PIL import Image
    from torch import Tensor, nn

    Component: TypeAlias = gr.components.Component
    """Any component of gradio, which has no types here."""


class State(Protocol):
    """``modules.shared.state``: the job that runs and the ways to end it."""

    interrupted: bool
    skipped: bool
    stopping_generation: bool
    job_count: int
    """Passes of the sampler in this job; -1 before the host knows."""
    job_no: int
    """Passes of the sampler that have ended."""
    processing_has_refined_job_count: bool
    """Whether ``job_count`` includes second passes."""
    sampling_step: int
    current_image: Image.Image | None

    def begin(self, job: str) -> None:
        """Start a job; clears what an earlier one left."""

    def end(self) -> None:
        """End the job."""

    def interrupt(self) -> None:
        """Stop at the next step."""


class DiffusionWrapper(Protocol):
    """The part of a checkpoint that is sampled."""

    diffusion_model: nn.Module


class Checkpoint(Protocol):
    """``shared.sd_model``; that of Forge and its relatives also has ``forge_objects``."""

    model: DiffusionWrapper


class UnetPatcher(ModelPatcher, Protocol):
    """Forge's wrapper of a U-Net; a clone shares the weights and has patches of its own."""

    model: DiffusionWrapper
    load_device: torch.device

    def clone(self) -> UnetPatcher:
        """A patcher of the same U-Net."""


class ForgeObjects(Protocol):
    """What Forge has loaded of a checkpoint."""

    unet: UnetPatcher


class Processing(Protocol):
    """``StableDiffusionProcessing``, which the host calls ``p``: one run of txt2img or img2img."""

    sd_model: Checkpoint | None
    prompt: str
    negative_prompt: str
    is_hr_pass: bool
    batch_size: int
    n_iter: int
    sampler_name: str
    steps: int
    cfg_scale: float
    all_prompts: list[str]
    """The prompt of each picture, with the tags of LoRAs; likewise the next two."""
    all_negative_prompts: list[str]
    all_seeds: list[int]
    extra_generation_params: dict[str, object]
    """Further entries of the pictures' infotext, by label."""
    sample: Callable[..., object]
    scripts: ScriptRunner | None
    script_args: Sequence[object]

    def close(self) -> None:
        """Release what the run holds."""

    def comment(self, text: str) -> None:
        """Show a sentence below the pictures."""


class Processed(Protocol):
    """What the host has made of a run; grids come before ``index_of_first_image``, maps of extensions at the end."""

    images: list[Image.Image]
    infotexts: list[str]
    all_seeds: list[int]
    index_of_first_image: int
    extra_generation_params: dict[str, object]


class PostprocessedImage(Protocol):
    """What ``postprocess_image`` hands over: one picture, which the script may replace."""

    image: Image.Image


class ImageSaveParams(Protocol):
    """What ``on_before_image_saved`` and ``on_image_saved`` hand over."""

    image: Image.Image
    p: Processing | None
    filename: str
    pnginfo: dict[str, object]
    """The texts that the webui writes into a PNG, by key."""


class Denoiser(Protocol):
    """``CFGDenoiser``: guides one pass of a sampler."""

    p: Processing
    step: int
    total_steps: int


class CfgDenoiserParams(Protocol):
    """What ``on_cfg_denoiser`` hands over before each step; ``denoiser`` is missing in some hosts."""

    x: Tensor
    """[rows, 4, h, w]: the conditional rows first."""
    text_cond: Tensor | Mapping[str, Tensor]
    text_uncond: Tensor | Mapping[str, Tensor]
    sampling_step: int
    total_sampling_steps: int


class Schedule(Protocol):
    """``ScheduledPromptConditioning``: what a prompt is up to ``end_at_step``."""

    end_at_step: int
    cond: object

    def __init__(self, end_at_step: int, cond: object) -> None:
        """As the host's named tuple."""


class TextEncoder(Protocol):
    """A text encoder as every host wraps it: it cuts a prompt into chunks of 75 tokens and applies the weights."""

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        """The token ids of texts, without start, end and padding."""

    def process_tokens(self, tokens: list[list[int]], multipliers: list[list[float]]) -> Tensor:
        """The embeddings of one chunk of each prompt, weighted."""

    def encode_with_transformers(self, tokens: Tensor) -> Tensor:
        """The embeddings of one chunk of each prompt."""


class ConditionedModel(Protocol):
    """A model of SDXL as its host wraps it."""

    @property
    def get_learned_conditioning(self) -> Callable[[object], dict[str, Tensor]]:
        """The function that makes the conditions of a batch of prompts."""
        ...


class LoraModule(Protocol):
    """The module ``networks`` of the host's Lora extension."""

    available_networks: dict[str, LoraOnDisk]
    available_network_aliases: dict[str, LoraOnDisk]
    network: NetworkModule


class NetworkModule(Protocol):
    """The module ``network`` of the host's Lora extension."""

    def NetworkOnDisk(self, name: str, filename: str) -> LoraOnDisk:  # noqa: N802 - the host's class
        """The entry of a file."""


class HostScript(Protocol):
    """An always-on script and its place among the scripts' arguments."""

    args_from: int
    args_to: int

    def title(self) -> str:
        """Its name."""


class ScriptRunner(Protocol):
    """The scripts of one tab and the components of their interfaces."""

    alwayson_scripts: Sequence[HostScript]
    inputs: Sequence[Component | None]


class XyzScript(Protocol):
    """The module of the X/Y/Z plot."""

    axis_options: list[object]
    AxisOption: Callable[..., object]


class ErrorRecord(TypedDict):
    """An entry of ``modules.errors.exception_records``."""

    exception: str
    traceback: Sequence[Sequence[str]]
    """File and line, and the source, of each frame."""


class Slider(Protocol):
    """A slider of a ControlNet preprocessor."""

    gradio_update_kwargs: Mapping[str, object]


class Preprocessor(Protocol):
    """A preprocessor of the ControlNet extension, with up to three sliders."""

    def __call__(self, *, input_image: NDArray, resolution: int, **sliders: object) -> object:  # type: ignore[type-arg]
        """The map that steers the unit: pixels, or an object with ``display_images``."""


class FaceRestorer(Protocol):
    """An entry of ``modules.shared.face_restorers``."""

    def name(self) -> str:
        """Its name in the interface."""

    def restore(self, pixels: NDArray) -> NDArray:  # type: ignore[type-arg]
        """The picture with its faces restored."""


class LoraOnDisk(Protocol):
    """An entry of the Lora extension's list."""

    filename: str
