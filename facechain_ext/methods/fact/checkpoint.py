"""Read and write adapters in the published key layout."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from facechain_ext.errors import WeightsError
from facechain_ext.identity.projector import ProjectorSizes
from facechain_ext.methods.fact.model import AdapterSizes, FaceAdapter
from facechain_ext.methods.fact.sites import SDXL_STACKS, SITES, block_path, site_names
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.weights import read_state_dict
from facechain_ext.weights.model_type import FACE_ADAPTER
from facechain_ext.weights.reading import metadata_if_any
from facechain_ext.weights.state_dict_spec import check_state_dict, check_values, require_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from facechain_ext.weights.state_dict_spec import Shape

log = logging.getLogger(__name__)

_PROJECTOR = "local_fac_prj."
_BLOCK_KEY = re.compile(r"(?P<stack>.+)\.transformer_blocks\.(?P<block>[0-9]{1,3})\.attn2\.processor\.linear\.weight$")


def _prefix(site: str) -> str:
    stack, block = block_path(site)
    return f"{stack}.transformer_blocks.{block}.attn2.processor."


def _block_layout(channels: int, token_width: int) -> dict[str, Shape]:
    """Key -> shape of one serial face block in the published layout."""
    c = channels
    keys: dict[str, Shape] = {"linear.weight": (c, token_width), "linear.bias": (c,)}
    keys |= {f"attn.to_{part}.weight": (c, c) for part in "qkv"}
    keys |= {"attn.to_out.0.weight": (c, c), "attn.to_out.0.bias": (c,)}
    keys |= {"ff.net.0.proj.weight": (8 * c, c), "ff.net.0.proj.bias": (8 * c,)}
    keys |= {"ff.net.2.weight": (c, 4 * c), "ff.net.2.bias": (c,)}
    keys |= {f"{norm}.{part}": (c,) for norm in ("norm1", "norm2") for part in ("weight", "bias")}
    keys |= {"alpha_attn": (), "alpha_dense": ()}
    return keys


def layout(sizes: AdapterSizes) -> dict[str, Shape]:
    """Key -> shape of every tensor of an adapter file of these sizes: 17 a site, 51 for the published projector."""
    width = sizes.projector.token_width
    keys = {_prefix(s) + k: shape for s, c in sizes.channels.items() for k, shape in _block_layout(c, width).items()}
    return keys | {_PROJECTOR + key: shape for key, shape in sizes.projector.layout().items()}


def load_adapter(
    path: str | Path, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> FaceAdapter:
    """Read an adapter of any size from a published ``.ckpt``/``.pt`` or a safetensors file; no code in it is run.

    The blocks come in ``dtype`` on ``device``, without gradients; the projector stays float32, as published.
    Raises WeightsError that names the first missing, unexpected or misshaped key.
    """
    path = Path(path)
    # ``ln`` is a copy of the base model's norm2, found in files saved from diffusers; the user's model keeps its own
    state = {k: v for k, v in read_state_dict(path).items() if ".attn2.processor.ln." not in k}
    source = path.name
    projector = {k.removeprefix(_PROJECTOR): v for k, v in state.items() if k.startswith(_PROJECTOR)}
    channels = {
        site: require_key(state, f"{_prefix(site)}linear.weight", 2, what=FACE_ADAPTER, source=source).shape[0]
        for site in sites_of_keys(state)
    }
    sizes = AdapterSizes(channels, ProjectorSizes.of(state, prefix=_PROJECTOR, what=FACE_ADAPTER, source=source))
    check_state_dict(state, layout(sizes), what=FACE_ADAPTER, source=source)
    check_values(state, what=FACE_ADAPTER, source=source)
    with torch.device("meta"):
        adapter = FaceAdapter(sizes)
    adapter.projector.load_state_dict({k: v.float() for k, v in projector.items()}, assign=True)
    for site in channels:
        prefix = _prefix(site)
        block = {k.removeprefix(prefix): v.to(dtype) for k, v in state.items() if k.startswith(prefix)}
        adapter.block(site).load_state_dict(_fuse(block), assign=True)
    check_values(
        dict(adapter.named_parameters()), what=f"{FACE_ADAPTER} in {str(dtype).removeprefix('torch.')}", source=source
    )
    adapter.name = path.stem
    adapter.digest = adapter.summary()
    adapter.trained_steps = _trained_steps(path)
    log.info("read the face adapter %s (%s)", path.name, adapter.digest)
    return adapter.eval().requires_grad_(requires_grad=False).to(device)


def sites_of_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """The sites that a file with such keys should have: SDXL's where any of its stacks has two blocks, else SD1.5's."""
    blocks = [found for key in keys if (found := _BLOCK_KEY.match(key))]
    if not any(found["block"] != "0" for found in blocks):
        return SITES
    there = {found["stack"] for found in blocks}
    depths = {stack: 1 for stack in SDXL_STACKS if stack in there or not stack.startswith("mid_block")}
    for found in blocks:
        if found["stack"] in depths:
            depths[found["stack"]] = max(depths[found["stack"]], int(found["block"]) + 1)
    return site_names(depths)


def _trained_steps(path: Path) -> int | None:
    """How many steps of training a file tells of; None where it tells nothing."""
    steps = metadata_if_any(path).get("facechain.step", "")  # the published files are no safetensors
    return int(steps) if steps.isdecimal() else None


def save_adapter(adapter: FaceAdapter, path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write ``adapter`` as safetensors in the published key layout, in the precision it has.

    The file appears under its name only when it is whole. Raises WeightsError when ``path`` exists.
    """
    from safetensors.torch import save_file

    path = Path(path)
    try:
        with atomic_write(path, new=True) as part:
            save_file(published_state(adapter), part, metadata=dict(metadata or {}))
    except FileExistsError as error:
        raise WeightsError(f"{path.name} exists already and is not overwritten; choose another name.") from error


def published_state(adapter: FaceAdapter) -> dict[str, Tensor]:
    """The adapter's tensors under the published keys, on the CPU."""
    state = {_PROJECTOR + key: value for key, value in adapter.projector.state_dict().items()}
    for site in adapter.sizes.channels:
        block = _split(adapter.block(site).state_dict())
        state |= {_prefix(site) + key: value for key, value in block.items()}
    return {key: value.detach().cpu().contiguous() for key, value in state.items()}


def _fuse(block: dict[str, Tensor]) -> dict[str, Tensor]:
    """Published keys of a block -> ours: query, key and value in one matrix."""
    fused = torch.cat([block.pop(f"attn.to_{part}.weight") for part in "qkv"])
    return block | {"attn.to_qkv.weight": fused}


def _split(block: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of _fuse."""
    parts = block["attn.to_qkv.weight"].chunk(3)
    rest = {key: value for key, value in block.items() if key != "attn.to_qkv.weight"}
    return rest | {f"attn.to_{part}.weight": value.clone() for part, value in zip("qkv", parts, strict=True)}
