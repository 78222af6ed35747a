"""The tiny models as a webui wants them: one checkpoint with its configuration, its words, and our own files."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers import checkpoint as checkpoints
from facechain_ext.hosts.diffusers.checkpoint import clip_tokenizer, sizes
from facechain_ext.hosts.diffusers.checkpoint.names import PREFIXES
from facechain_ext.weights import read_state_dict

if TYPE_CHECKING:
    from torch import Tensor

    from facechain_ext.demo.models import TinyModels
    from facechain_ext.hosts.diffusers.checkpoint.names import Part
    from facechain_ext.hosts.diffusers.checkpoint.sizes import Config

NAME = "facechain-small"
"""Stem of everything that is written."""
_MERGES = Path(checkpoints.__file__).parent / "clip_merges.txt.gz"


def install_into(webui: Path, models: TinyModels) -> list[Path]:
    """Copy the tiny models into a webui's models folder, with the configuration that lets it load the checkpoint.

    Not the tiny ControlNet: sd-webui-controlnet and Forge build every ControlNet at Stable Diffusion 1.5's width, and
    take no other from a file beside it. Nothing is overwritten. Returns the new files. Raises HostError when the
    folder is no webui's or holds them already.
    """
    folder = webui / "models"
    if not (folder / "Stable-diffusion").is_dir():
        raise HostError(f"{webui} is no webui: it has no models/Stable-diffusion.")
    target = folder / "Stable-diffusion" / f"{NAME}.safetensors"
    words = folder / "FaceChain" / f"{NAME}-clip"
    adapter = folder / "FaceChain" / "adapters" / f"{NAME}.safetensors"
    copies = {models.checkpoint: target, models.adapter: adapter}
    encoder = folder / "FaceChain" / "transface.safetensors"
    if not encoder.exists() or _is_earlier(encoder, models.encoder):
        copies[models.encoder] = encoder  # the published one, which does not fit this adapter, is not touched
    beside = models.checkpoint.parent
    copies |= {path: folder / "Lora" / f"{NAME}-{path.name}" for path in sorted(beside.glob("lora-*.safetensors"))}
    config = target.with_suffix(".yaml")
    taken = [str(path) for path in (*copies.values(), config, words) if path.exists()]
    if taken:
        raise HostError(f"These exist already and are not overwritten; delete them first: {', '.join(taken)}")
    for source, path in copies.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)
    text = _weights(models.checkpoint, "text_encoder")
    write_words(words, sizes.text_encoder_config(text))
    config.write_text(json.dumps(ldm_config(models.checkpoint, words), indent=1), encoding="utf-8")
    return [*copies.values(), config, words]


def _is_earlier(there: Path, ours: Path) -> bool:
    """Whether a file is the same network as ``ours`` with other weights: the published one is many times larger."""
    return there.stat().st_size == ours.stat().st_size and there.read_bytes() != ours.read_bytes()


def ldm_config(checkpoint: Path, words: Path) -> dict[str, object]:
    """The configuration of an ldm model for ``checkpoint``, every size read off its weights; YAML reads JSON.

    ``words`` is the folder of tokenizer and text configuration.
    """
    unet = sizes.unet_config(_weights(checkpoint, "unet"))
    vae = sizes.vae_config(_weights(checkpoint, "vae"))
    widths, latent = unet["block_out_channels"], vae["latent_channels"]
    target = "ldm.modules.diffusionmodules.openaimodel.UNetModel"
    first = vae["block_out_channels"][0]
    details = {
        "double_z": True, "z_channels": latent, "resolution": 256, "in_channels": 3, "out_ch": 3, "ch": first,
        "ch_mult": [width // first for width in vae["block_out_channels"]],
        "num_res_blocks": vae["layers_per_block"], "attn_resolutions": [], "dropout": 0.0,
    }  # fmt: skip
    parts = {
        "unet_config": (target, {
            "image_size": 32, "in_channels": unet["in_channels"], "out_channels": latent, "model_channels": widths[0],
            "attention_resolutions": [4, 2, 1], "num_res_blocks": 2,
            "channel_mult": [width // widths[0] for width in widths], "num_heads": 8,
            "use_spatial_transformer": True, "transformer_depth": 1, "context_dim": unet["cross_attention_dim"],
            "use_checkpoint": False, "legacy": False,
        }),
        "first_stage_config": ("ldm.models.autoencoder.AutoencoderKL", {
            "embed_dim": latent, "ddconfig": details, "lossconfig": {"target": "torch.nn.Identity"},
        }),
        "cond_stage_config": ("ldm.modules.encoders.modules.FrozenCLIPEmbedder", {"version": str(words.resolve())}),
    }  # fmt: skip
    schedule = sizes.scheduler_config()
    settings = {
        "linear_start": schedule["beta_start"], "linear_end": schedule["beta_end"], "num_timesteps_cond": 1,
        "timesteps": 1000, "first_stage_key": "jpg", "cond_stage_key": "txt", "image_size": 64, "channels": latent,
        "cond_stage_trainable": False, "conditioning_key": "crossattn", "scale_factor": 0.18215, "use_ema": False,
        **{name: {"target": kind, "params": values} for name, (kind, values) in parts.items()},
    }  # fmt: skip
    return {"model": {"target": "ldm.models.diffusion.ddpm.LatentDiffusion", "params": settings}}


def _weights(checkpoint: Path, part: Part) -> dict[str, Tensor]:
    prefix = PREFIXES[part]
    state = read_state_dict(checkpoint)
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def write_words(folder: Path, config: Config) -> None:
    """Tokenizer and text configuration as transformers reads them from a folder."""
    folder.mkdir(parents=True)
    tokenizer = clip_tokenizer()
    (folder / "vocab.json").write_text(json.dumps(tokenizer.get_vocab(), ensure_ascii=False), encoding="utf-8")
    merges = gzip.decompress(_MERGES.read_bytes()).decode("utf-8").splitlines()
    lines = [line for line in merges if line and not line.startswith("#")]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(lines) + "\n", encoding="utf-8")
    ends = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    facts = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "pad_token": "<|endoftext|>", **ends}
    (folder / "tokenizer_config.json").write_text(json.dumps(facts), encoding="utf-8")
    known: dict[str, object] = {
        "architectures": ["CLIPTextModel"],
        "model_type": "clip_text_model",
        "hidden_act": "quick_gelu",
    }
    known |= {"bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1}
    (folder / "config.json").write_text(json.dumps(config | known), encoding="utf-8")
