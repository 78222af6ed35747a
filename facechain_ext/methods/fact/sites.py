"""The places of a U-Net where a serial face block acts, one a transformer block, under their names in each family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeGuard

from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from torch import nn

    from facechain_ext.methods.protocol import ModelFamily

Family = Literal["ldm", "diffusers"]
"""How a U-Net names its modules; sgm uses the names of ldm."""

SITES: tuple[str, ...] = (
    *(f"down_blocks.{i}.attentions.{j}" for i in range(3) for j in range(2)),
    "mid_block.attentions.0",
    *(f"up_blocks.{i}.attentions.{j}" for i in range(1, 4) for j in range(3)),
)
"""The sites of SD1.5: diffusers names, as in the published files, in the order in which the U-Net runs them."""

SDXL_STACKS: tuple[str, ...] = (
    *(f"down_blocks.{i}.attentions.{j}" for i in (1, 2) for j in range(2)),
    "mid_block.attentions.0",
    *(f"up_blocks.{i}.attentions.{j}" for i in (0, 1) for j in range(3)),
)
"""Where SDXL has stacks of transformer blocks, in the order in which the U-Net runs them."""
SDXL_DEPTHS = (2, 2, 10, 10, 10, 10, 10, 10, 2, 2, 2)
"""Blocks of each stack in SDXL; checkpoints that were cut down have fewer, and may lack the middle stack."""
_MIDDLE = "mid_block.attentions.0"

_FAMILY_OF_CONTEXT: dict[int, ModelFamily] = {1024: "SD2", 1280: "SDXL refiner"}
"""Which models' cross-attention takes text of so many numbers a token."""

_SDXL_CONTEXT = 2048
"""The same for SDXL, which is told by where its blocks are: small models of its layout have other widths."""

_BLOCK = ".transformer_blocks."
_MOTION = (".temporal_transformer", ".motion_modules.")
"""Parts of names of motion modules, of sd-webui-animatediff and of diffusers: their stacks attend over frames."""


class _SelfAttention(Protocol):
    heads: int


class TransformerBlock(Protocol):
    """A transformer block of any U-Net family, as far as it is read here."""

    norm2: nn.LayerNorm
    attn1: _SelfAttention
    attn2: nn.Module


@dataclass(frozen=True)
class Site:
    """One transformer block of a U-Net: its published ``name``, its modules, and its sizes.

    ``norm3`` and ``attn2_out``, the last layer of the cross-attention, are None where a block has no such module.
    """

    name: str
    norm2: nn.Module
    attn2: nn.Module
    heads: int
    channels: int
    context: int
    norm3: nn.Module | None = None
    attn2_out: nn.Module | None = None

    @staticmethod
    def of(name: str, block: TransformerBlock) -> Site:
        """Read the facts off a transformer block of any family."""
        return Site(
            name,
            block.norm2,
            block.attn2,
            heads=int(block.attn1.heads),
            channels=int(block.norm2.normalized_shape[0]),
            context=int(block.attn2.get_parameter("to_k.weight").shape[1]),
            norm3=getattr(block, "norm3", None),
            attn2_out=getattr(block.attn2, "to_out", None),
        )


def site_names(depths: Mapping[str, int]) -> tuple[str, ...]:
    """The sites of stacks of transformer blocks, given how many each has.

    A site is called as its stack where that has one block, as in SD1.5, else it also has the block's number:
    ``down_blocks.2.attentions.0.transformer_blocks.7``.
    """
    return tuple(
        stack if depth == 1 else f"{stack}{_BLOCK}{number}"
        for stack, depth in depths.items()
        for number in range(depth)
    )


def block_path(site: str) -> tuple[str, int]:
    """A site's stack and the number of its block in it: ``("down_blocks.2.attentions.0", 7)``."""
    stack, _, number = site.partition(_BLOCK)
    return stack, int(number or 0)


def ldm_name(stack: str) -> str:
    """The ldm and sgm name of a stack: ``down_blocks.1.attentions.0`` -> ``input_blocks.4.1``."""
    where, *rest = stack.split(".")
    if where == "mid_block":
        return "middle_block.1"
    i, j = int(rest[0]), int(rest[2])
    return f"input_blocks.{3 * i + j + 1}.1" if where == "down_blocks" else f"output_blocks.{3 * i + j}.1"


def forge_name(site: str) -> tuple[str, int, int]:
    """What Forge and its relatives call a site: ``extra_options["block"]`` and, behind it, ``["block_index"]``."""
    stack, block = block_path(site)
    where, number, *_ = ldm_name(stack).split(".")
    return ("middle", 0, block) if where == "middle_block" else (where.removesuffix("_blocks"), int(number), block)


def family_of(unet: nn.Module) -> Family:
    """Which names a U-Net uses; raises HostError when it is neither an ldm/sgm nor a diffusers U-Net."""
    if hasattr(unet, "input_blocks"):
        return "ldm"
    if hasattr(unet, "down_blocks"):
        return "diffusers"
    raise HostError(
        f"{type(unet).__name__} is not a U-Net that the face adapter knows; load a Stable Diffusion 1.5 or SDXL "
        "checkpoint."
    )


def find_sites(unet: nn.Module) -> list[Site]:
    """The sites of an SD1.5 or SDXL U-Net, in the order in which it runs them: 16 in SD1.5, 70 in SDXL.

    Raises HostError when the U-Net has its transformer blocks elsewhere, naming what the model is where its
    cross-attention width tells (1024: SD2, 1280: SDXL's refiner).
    """
    modules = dict(unet.named_modules())
    names = (lambda stack: stack) if family_of(unet) == "diffusers" else ldm_name
    depths = _depths(modules)
    kind = _family_of_stacks(depths, names)
    if kind == "unknown":
        raise HostError(unfit_family_reason(_family_by_context(modules)))
    stacks = SITES if kind == "SD1.5" else [stack for stack in SDXL_STACKS if names(stack) in depths]
    found: list[Site] = []
    for site in site_names({stack: depths[names(stack)] for stack in stacks}):
        stack, number = block_path(site)
        block = modules[f"{names(stack)}{_BLOCK}{number}"]
        if not _is_transformer_block(block):
            raise HostError(unfit_family_reason("unknown"))
        found.append(Site.of(site, block))
    if kind == "SD1.5" and found[0].context in (*_FAMILY_OF_CONTEXT, _SDXL_CONTEXT):
        raise HostError(unfit_family_reason(_family_by_context(modules)))
    return found


def detect_family(unet: nn.Module) -> ModelFamily:
    """What kind of model a U-Net belongs to, read off its transformer blocks."""
    try:
        sites = find_sites(unet)
    except HostError:
        return _family_by_context(dict(unet.named_modules()))
    return family_of_sites(site.name for site in sites)


def family_of_sites(sites: Iterable[str]) -> ModelFamily:
    """What kind of model has these sites: SDXL has none at full resolution."""
    return "SD1.5" if SITES[0] in sites else "SDXL"


def text_width(unet: nn.Module) -> int:
    """How many numbers a token of the text has that a U-Net's cross-attention takes; 0 where it has none."""
    block = _first_block(dict(unet.named_modules()))
    return 0 if block is None else Site.of("", block).context


def _depths(modules: Mapping[str, nn.Module]) -> dict[str, int]:
    """How many blocks each stack of a U-Net has, by the stack's name there; motion modules are no stacks."""
    depths: dict[str, int] = {}
    for name in modules:
        stack, found, number = name.partition(_BLOCK)
        if found and number.isdecimal() and not any(part in stack for part in _MOTION) and stack.count(".") <= 3:
            depths[stack] = max(depths.get(stack, 0), int(number) + 1)
    return depths


def _family_of_stacks(depths: Mapping[str, int], names: Callable[[str], str]) -> ModelFamily:
    """SD1.5 or SDXL by where the stacks are and how deep, else unknown."""
    if depths.keys() == {names(site) for site in SITES} and set(depths.values()) == {1}:
        return "SD1.5"
    half, quarter = depths.get(names(SDXL_STACKS[0]), 0), depths.get(names(SDXL_STACKS[2]), 0)
    stacks = {names(stack) for stack in SDXL_STACKS}
    if stacks - {names(_MIDDLE)} <= depths.keys() <= stacks and 1 <= half < quarter:
        return "SDXL"
    return "unknown"


def _family_by_context(modules: Mapping[str, nn.Module]) -> ModelFamily:
    block = _first_block(modules)
    return "unknown" if block is None else _FAMILY_OF_CONTEXT.get(Site.of("", block).context, "unknown")


def _first_block(modules: Mapping[str, nn.Module]) -> TransformerBlock | None:
    for name, module in modules.items():
        if _is_transformer_block(module) and not any(part in name for part in _MOTION):
            return module
    return None


def _is_transformer_block(module: nn.Module) -> TypeGuard[TransformerBlock]:
    return all(hasattr(module, part) for part in ("attn1", "attn2", "norm2"))


def other_family_reason(adapter: str, made_for: ModelFamily, loaded: ModelFamily) -> str:
    """Why ``adapter`` cannot act in the loaded model, and the next step."""
    if made_for == loaded:
        return (
            f"The face adapter {adapter} is for an {made_for} of other depth than the loaded checkpoint. Choose an "
            "adapter that was trained with this one."
        )
    return (
        f"The face adapter {adapter} is for {made_for}, and the loaded checkpoint is {loaded}. Load an {made_for} "
        "checkpoint, or choose another adapter."
    )


def unfit_family_reason(family: ModelFamily) -> str:
    """Why an adapter cannot act in a model of ``family``, and the next step; "" for SD1.5 and SDXL."""
    if family in ("SD1.5", "SDXL"):
        return ""
    kind = "another kind of model" if family == "unknown" else family
    return f"The loaded checkpoint is {kind}; FACT needs Stable Diffusion 1.5 or SDXL. Load such a checkpoint."
