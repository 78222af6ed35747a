"""The sixteen places of SD1.5's U-Net where a serial face block acts, under their names in each family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeGuard

from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from torch import nn

    from facechain_ext.methods.protocol import ModelFamily

Family = Literal["ldm", "diffusers"]
"""How a U-Net names its modules; sgm uses the names of ldm."""

SITES: tuple[str, ...] = (
    *(f"down_blocks.{i}.attentions.{j}" for i in range(3) for j in range(2)),
    "mid_block.attentions.0",
    *(f"up_blocks.{i}.attentions.{j}" for i in range(1, 4) for j in range(3)),
)
"""diffusers names, as in the published files, in the order in which the U-Net runs them."""

_FAMILY_OF_CONTEXT: dict[int, ModelFamily] = {1024: "SD2", 1280: "SDXL refiner", 2048: "SDXL"}
"""Which models' cross-attention takes text of so many numbers a token."""


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


def ldm_name(site: str) -> str:
    """The ldm and sgm name of a site: ``down_blocks.1.attentions.0`` -> ``input_blocks.4.1``."""
    where, *rest = site.split(".")
    if where == "mid_block":
        return "middle_block.1"
    i, j = int(rest[0]), int(rest[2])
    return f"input_blocks.{3 * i + j + 1}.1" if where == "down_blocks" else f"output_blocks.{3 * i + j}.1"


def forge_name(site: str) -> tuple[str, int]:
    """What Forge and reForge call a site in ``extra_options["block"]``: ``("input", 4)``."""
    name = ldm_name(site)
    where, number, *_ = name.split(".")
    return ("middle", 0) if where == "middle_block" else (where.removesuffix("_blocks"), int(number))


def family_of(unet: nn.Module) -> Family:
    """Which names a U-Net uses; raises HostError when it is neither an ldm/sgm nor a diffusers U-Net."""
    if hasattr(unet, "input_blocks"):
        return "ldm"
    if hasattr(unet, "down_blocks"):
        return "diffusers"
    raise HostError(
        f"{type(unet).__name__} is not a U-Net that the face adapter knows; load a Stable Diffusion 1.5 checkpoint."
    )


def find_sites(unet: nn.Module) -> list[Site]:
    """The sixteen sites of an SD1.5 U-Net, in the order of SITES.

    Raises HostError when the U-Net has other transformer blocks than SD1.5's, naming what the model is where its
    cross-attention width tells (1024: SD2, 2048: SDXL).
    """
    family = family_of(unet)
    modules = dict(unet.named_modules())
    stacks = {name.rsplit(".", 1)[0] for name in modules if ".transformer_blocks." in name and name.count(".") <= 5}
    stacks = {name for name in stacks if name.endswith("transformer_blocks")}
    wanted = {f"{site if family == 'diffusers' else ldm_name(site)}.transformer_blocks": site for site in SITES}
    found: list[Site] = []
    for path, site in wanted.items():
        block = modules.get(f"{path}.0")
        if block is None or f"{path}.1" in modules or not _is_transformer_block(block):
            raise HostError(unfit_family_reason(_family_by_context(modules)))
        found.append(Site.of(site, block))
    if stacks - wanted.keys():
        raise HostError(unfit_family_reason(_family_by_context(modules)))
    if found[0].context in _FAMILY_OF_CONTEXT:
        raise HostError(unfit_family_reason(_family_by_context(modules)))
    return found


def detect_family(unet: nn.Module) -> ModelFamily:
    """What kind of model a U-Net belongs to, read off its transformer blocks."""
    try:
        find_sites(unet)
    except HostError:
        return _family_by_context(dict(unet.named_modules()))
    return "SD1.5"


def text_width(unet: nn.Module) -> int:
    """How many numbers a token of the text has that a U-Net's cross-attention takes; 0 where it has none."""
    block = next((module for module in unet.modules() if _is_transformer_block(module)), None)
    return 0 if block is None else Site.of("", block).context


def _is_sdxl(modules: dict[str, nn.Module]) -> bool:
    """Whether the transformers are where SDXL has them, 2 blocks deep at half resolution and more at a quarter."""
    levels = (("input_blocks.4.1", "input_blocks.7.1"), ("down_blocks.1.attentions.0", "down_blocks.2.attentions.0"))
    first = ("input_blocks.1.1", "down_blocks.0.attentions.0")
    return not any(name in modules for name in first) and any(
        f"{half}.transformer_blocks.1" in modules
        and f"{half}.transformer_blocks.2" not in modules
        and f"{quarter}.transformer_blocks.2" in modules
        for half, quarter in levels
    )


def _family_by_context(modules: dict[str, nn.Module]) -> ModelFamily:
    if _is_sdxl(modules):
        return "SDXL"
    block = next((m for m in modules.values() if _is_transformer_block(m)), None)
    return "unknown" if block is None else _FAMILY_OF_CONTEXT.get(Site.of("", block).context, "unknown")


def _is_transformer_block(module: nn.Module) -> TypeGuard[TransformerBlock]:
    return all(hasattr(module, part) for part in ("attn1", "attn2", "norm2"))


def unfit_family_reason(family: ModelFamily) -> str:
    """Why the adapter cannot act in a model of ``family``, and the next step; "" for SD1.5, for which it is made."""
    if family == "SD1.5":
        return ""
    kind = "another kind of model" if family == "unknown" else family
    return f"The loaded checkpoint is {kind}; this face adapter needs Stable Diffusion 1.5. Load an SD1.5 checkpoint."
