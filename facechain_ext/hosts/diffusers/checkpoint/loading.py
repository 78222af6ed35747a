"""Single files as webui users have them, into the models of diffusers, without a network."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch
from accelerate import init_empty_weights

from facechain_ext.errors import HostError, WeightsError
from facechain_ext.hosts.diffusers.checkpoint import sizes
from facechain_ext.hosts.diffusers.checkpoint.names import PREFIXES, Part, single_file_name
from facechain_ext.hosts.diffusers.checkpoint.noise import SD15_NOISE, NoiseModel, read_noise_model
from facechain_ext.hosts.diffusers.checkpoint.tokenizer import clip_tokenizer
from facechain_ext.hosts.diffusers.checkpoint.vae_files import read_vae
from facechain_ext.hosts.diffusers.silence import silence
from facechain_ext.weights import model_type, read_state_dict
from facechain_ext.weights.reading import read_metadata
from facechain_ext.weights.state_dict_spec import check_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
    from torch import Tensor, nn
    from transformers import CLIPTextModel, CLIPTokenizer

    from facechain_ext.hosts.diffusers.checkpoint.sizes import Config

    Weights = dict[str, Tensor]
    M = TypeVar("M", bound=nn.Module)

logger = logging.getLogger(__name__)
_WORDS: dict[Part, str] = {
    "unet": "U-Net of Stable Diffusion 1.5",
    "controlnet": "ControlNet of Stable Diffusion 1.5",
    "vae": "VAE of Stable Diffusion 1.5",
    "text_encoder": "text encoder of Stable Diffusion 1.5",
}


@dataclass(frozen=True)
class Checkpoint:
    """An SD1.5 model in memory.

    ``name`` is the file's stem, ``digest`` the first ten digits of its sha256, ``noise`` what the U-Net predicts.
    """

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    name: str
    digest: str
    noise: NoiseModel = SD15_NOISE


def load_checkpoint(
    path: Path | str, *, vae: Path | str | None = None, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Checkpoint:
    """Read a Stable Diffusion 1.5 checkpoint (.safetensors or .ckpt) of any width; nothing is fetched.

    ``vae`` names a separate VAE file, needed when the checkpoint has none. Raises HostError when the file is another
    kind of model or when there is no VAE, WeightsError when it cannot be read, lacks a weight, or holds
    what is no number.
    """
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    path = Path(path)
    weights = read_state_dict(path)
    kind = model_type.detect_model_type(weights)
    if kind != model_type.SD15:
        raise HostError(f"{path.name}: this is {kind}. Choose a Stable Diffusion 1.5 checkpoint.")
    unet_weights, text_weights = _part(weights, "unet"), _part(weights, "text_encoder")
    if not text_weights:
        raise HostError(f"{path.name} has no text encoder. Choose a full Stable Diffusion 1.5 checkpoint.")
    vae_name = path.name if vae is None else Path(vae).name
    vae_weights = read_vae(Path(vae)) if vae is not None else _part(weights, "vae")
    if not vae_weights:
        raise HostError(f"{path.name} has no VAE. Name a VAE file with --vae.")
    noise = read_noise_model(weights, _metadata(path))
    del weights
    unet = _fill(UNet2DConditionModel.from_config, sizes.unet_config, "unet", unet_weights, path.name)
    autoencoder = _fill(AutoencoderKL.from_config, sizes.vae_config, "vae", vae_weights, vae_name)
    text_encoder = _fill(
        lambda c: CLIPTextModel(CLIPTextConfig(**c)), sizes.text_encoder_config, "text_encoder", text_weights, path.name
    )
    with silence():
        return Checkpoint(
            unet=unet.to(device, dtype),
            # In half precision the VAE of SD1.5 overflows on some pictures, and it is cheap.
            vae=autoencoder.to(device, torch.float32),
            text_encoder=text_encoder.to(device, dtype),
            tokenizer=clip_tokenizer(),
            name=path.stem,
            digest=file_digest(path),
            noise=noise,
        )


def load_controlnet(path: Path | str, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> ControlNetModel:
    """Read a ControlNet for SD1.5 from a single file, or from a folder of diffusers.

    Raises HostError when it is not one, WeightsError when it cannot be read.
    """
    from diffusers import ControlNetModel

    path = Path(path)
    config: Config | None = None
    if path.is_dir():
        config, path = _diffusers_folder(path)
    weights = read_state_dict(path)
    kind = model_type.detect_model_type(weights)
    if kind != model_type.CONTROLNET:
        raise HostError(f"{path.name}: this is {kind}. Choose a ControlNet for Stable Diffusion 1.5.")
    if "time_embedding.linear_1.weight" in weights:  # the names of diffusers
        if config is None:
            raise HostError(f"{path.name} has the names of diffusers; name the folder it is in, with its config.json.")
        try:
            with init_empty_weights(include_buffers=False):
                model = ControlNetModel.from_config(config)
        except (RuntimeError, ValueError, TypeError, KeyError, IndexError, ArithmeticError) as error:
            raise WeightsError(f"{path.parent} has a config.json of no ControlNet ({error}). Get it again.") from error
        _fill_as_named(model, weights, path.name)
        with silence():
            return model.to(device, dtype)
    model = _fill(
        ControlNetModel.from_config,
        sizes.controlnet_config,
        "controlnet",
        _part(weights, "controlnet") or weights,
        path.name,
    )
    with silence():
        return model.to(device, dtype)


def file_digest(path: Path) -> str:
    """The first ten hexadecimal digits of a file's sha256, which is what the webui calls the model hash."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:10]


def _metadata(path: Path) -> dict[str, str]:
    try:
        return read_metadata(path)
    except WeightsError:  # a file of torch.save has none
        return {}


def _part(weights: Weights, part: Part) -> Weights:
    prefix = PREFIXES[part]
    found = {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}
    if part == "text_encoder" and not found:  # some merges were saved without the middle name
        prefix = prefix.replace("text_model.", "")
        found = {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}
    return found


def _diffusers_folder(folder: Path) -> tuple[Config, Path]:
    config = folder / "config.json"
    if not config.is_file():
        raise HostError(f"{folder} has no config.json. Name a folder that diffusers saved, or a single file.")
    for name in ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"):
        if (folder / name).is_file():
            return _config(config), folder / name
    raise WeightsError(f"{folder} has no diffusion_pytorch_model.safetensors. Get the folder again.")


def _config(path: Path) -> Config:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path} cannot be read as JSON ({error}). Get the folder again.") from error
    if not isinstance(read, dict):
        raise WeightsError(f"{path} is no configuration of diffusers. Get the folder again.")
    return read


def _fill(
    build: Callable[[Config], M],
    config_of: Callable[[Weights], Config],
    part: Part,
    weights: Weights,
    file: str,
) -> M:
    try:
        config = config_of(weights)
    except KeyError as error:
        raise WeightsError(f"{file} lacks the weight {error.args[0]}. Get the file again.") from error
    except (IndexError, ValueError, TypeError) as error:
        raise WeightsError(f"{file} holds weights of shapes that belong to no {_WORDS[part]} ({error}).") from error
    try:
        with init_empty_weights(include_buffers=False):
            model = build(config)
    except (RuntimeError, ValueError, TypeError, IndexError, ArithmeticError) as error:
        raise WeightsError(f"{file} holds weights of sizes that no {_WORDS[part]} has ({error}).") from error
    levels = len(config["block_out_channels"]) if part == "vae" else 4
    renamed = {}
    for name, wanted in model.state_dict().items():
        source = single_file_name(part, name, levels=levels)
        if source not in weights:
            raise WeightsError(f"{file} lacks the weight {source}. Get the file again.")
        tensor = weights[source]
        # The VAE's attention is written as 1x1 convolutions.
        renamed[name] = tensor.reshape(wanted.shape) if tensor.numel() == wanted.numel() else tensor
    return _fill_as_named(model, renamed, file)


def _fill_as_named(model: M, weights: Weights, file: str) -> M:
    expected = model.state_dict()
    for name, wanted in expected.items():
        if name not in weights:
            raise WeightsError(f"{file} lacks the weight {name}. Get the file again.")
        if weights[name].shape != wanted.shape:
            got, want = list(weights[name].shape), list(wanted.shape)
            raise WeightsError(f"{file}: the weight {name} has the shape {got}, not {want}. Get the file again.")
    used = {name: weights[name] for name in expected}
    check_values(used, what="a model", source=file)
    model.load_state_dict(used, assign=True)
    return model.requires_grad_(requires_grad=False).eval()
