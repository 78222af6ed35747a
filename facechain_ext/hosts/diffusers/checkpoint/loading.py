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
from facechain_ext.hosts.diffusers.checkpoint.names import (
    PREFIXES,
    SD15_LEVELS,
    SDXL_LEVELS,
    SDXL_PREFIXES,
    Part,
    single_file_name,
)
from facechain_ext.hosts.diffusers.checkpoint.noise import SD15_NOISE, NoiseModel, read_noise_model
from facechain_ext.hosts.diffusers.checkpoint.open_clip import from_open_clip
from facechain_ext.hosts.diffusers.checkpoint.tokenizer import clip_tokenizer
from facechain_ext.hosts.diffusers.checkpoint.vae_files import read_vae
from facechain_ext.hosts.diffusers.silence import silence
from facechain_ext.weights import model_type, read_state_dict
from facechain_ext.weights.reading import metadata_if_any
from facechain_ext.weights.state_dict_spec import check_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
    from torch import Tensor, nn
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    from facechain_ext.hosts.diffusers.checkpoint.sizes import Config, Published

    Weights = dict[str, Tensor]
    M = TypeVar("M", bound=nn.Module)

logger = logging.getLogger(__name__)
_MODELS: dict[Part, str] = {
    "unet": "U-Net",
    "controlnet": "ControlNet",
    "vae": "VAE",
    "text_encoder": "text encoder",
    "text_encoder_2": "second text encoder",
}
_FAMILIES: dict[Published, str] = {"sd15": "Stable Diffusion 1.5", "sdxl": "Stable Diffusion XL"}


@dataclass(frozen=True)
class Checkpoint:
    """A model of SD1.5 or SDXL in memory; SDXL has a ``text_encoder_2``.

    ``name`` is the file's stem, ``digest`` the first ten digits of its sha256, ``noise`` what the U-Net predicts.
    """

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    name: str
    digest: str
    noise: NoiseModel = SD15_NOISE
    text_encoder_2: CLIPTextModelWithProjection | None = None

    @property
    def is_sdxl(self) -> bool:
        """Whether it is of SDXL, with two text encoders."""
        return self.text_encoder_2 is not None


def load_checkpoint(
    path: Path | str,
    *,
    vae: Path | str | None = None,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    sdxl: bool = False,
) -> Checkpoint:
    """Read a Stable Diffusion 1.5 checkpoint (.safetensors or .ckpt) of any width; nothing is fetched.

    With ``sdxl`` one of Stable Diffusion XL is read too. ``vae`` names a separate VAE file, needed when the checkpoint
    has none. Raises HostError when the file is another kind of model or when there is no VAE, WeightsError when it
    cannot be read, lacks a weight, or holds what is no number.
    """
    path = Path(path)
    weights = read_state_dict(path)
    kind = model_type.detect_model_type(weights)
    family: Published = "sdxl" if sdxl and kind == model_type.SDXL else "sd15"
    wanted = " or ".join(_FAMILIES.values()) if sdxl else _FAMILIES["sd15"]
    if kind != model_type.SD15 and family == "sd15":
        raise HostError(f"{path.name}: this is {kind}. Choose a {wanted} checkpoint.")
    needed: tuple[Part, ...] = ("text_encoder",) if family == "sd15" else ("text_encoder", "text_encoder_2")
    parts = {part: _part(weights, part, family) for part in ("unet", *needed)}
    for part in needed:
        if not parts[part]:
            raise HostError(f"{path.name} has no {_MODELS[part]}. Choose a full {_FAMILIES[family]} checkpoint.")
    vae_name = path.name if vae is None else Path(vae).name
    vae_weights = read_vae(Path(vae)) if vae is not None else _part(weights, "vae")
    if not vae_weights:
        raise HostError(f"{path.name} has no VAE. Name a VAE file with --vae.")
    noise = read_noise_model(weights, metadata_if_any(path))
    del weights
    unet, autoencoder, encoders = _models(family, parts, vae_weights, path.name, vae_name)
    with silence():
        return Checkpoint(
            unet=unet.to(device, dtype),
            # In half precision the VAE of SD1.5 and of SDXL overflows on some pictures, and it is cheap.
            vae=autoencoder.to(device, torch.float32),
            text_encoder=encoders[0].to(device, dtype),
            tokenizer=clip_tokenizer(),
            name=path.stem,
            digest=file_digest(path),
            noise=noise,
            text_encoder_2=encoders[1].to(device, dtype) if len(encoders) > 1 else None,
        )


def _models(
    family: Published, parts: dict[Part, Weights], vae: Weights, file: str, vae_file: str
) -> tuple[UNet2DConditionModel, AutoencoderKL, tuple[CLIPTextModel, ...]]:
    """U-Net, VAE and the one or two text encoders of a family, filled with their weights."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    unet_config = sizes.unet_config if family == "sd15" else sizes.sdxl_unet_config
    unet = _fill(UNet2DConditionModel.from_config, unet_config, "unet", parts["unet"], file, family)
    autoencoder = _fill(
        AutoencoderKL.from_config, lambda weights: sizes.vae_config(weights, family), "vae", vae, vae_file, family
    )
    encoders = [
        _fill(
            lambda c: CLIPTextModel(CLIPTextConfig(**c)),
            sizes.text_encoder_config, "text_encoder", parts["text_encoder"], file, family,
        )
    ]  # fmt: skip
    if family == "sdxl":
        second = from_open_clip(parts["text_encoder_2"])
        encoders.append(
            _fill(
                lambda c: CLIPTextModelWithProjection(CLIPTextConfig(**c)),
                sizes.second_text_encoder_config, "text_encoder_2", second, file, family,
            )
        )  # fmt: skip
    return unet, autoencoder, tuple(encoders)


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


def _part(weights: Weights, part: Part, family: Published = "sd15") -> Weights:
    prefix = (PREFIXES if family == "sd15" else SDXL_PREFIXES)[part]
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
    family: Published = "sd15",
) -> M:
    words = f"{_MODELS[part]} of {_FAMILIES[family]}"
    try:
        config = config_of(weights)
    except KeyError as error:
        raise WeightsError(f"{file} lacks the weight {error.args[0]}. Get the file again.") from error
    except (IndexError, ValueError, TypeError) as error:
        raise WeightsError(f"{file} holds weights of shapes that belong to no {words} ({error}).") from error
    try:
        with init_empty_weights(include_buffers=False):
            model = build(config)
    except (RuntimeError, ValueError, TypeError, IndexError, ArithmeticError) as error:
        raise WeightsError(f"{file} holds weights of sizes that no {words} has ({error}).") from error
    levels = SDXL_LEVELS if family == "sdxl" else SD15_LEVELS
    if part == "vae":
        levels = len(config["block_out_channels"])
    renamed = {}
    for name, wanted in model.state_dict().items():
        source = name.removeprefix("text_model.")
        if part != "text_encoder_2":  # which is renamed already
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
