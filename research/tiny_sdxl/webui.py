"""The tiny SDXL in a webui's models folder, with the configuration by which sgm builds it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from facechain_ext.demo.webui import write_words
from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers.checkpoint import sizes
from facechain_ext.hosts.diffusers.checkpoint.names import SDXL_PREFIXES
from facechain_ext.weights import read_state_dict

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from research.tiny_sdxl.models import TinySdxl

ARCH = "ViT-S-32-alt"
"""open_clip's name of the second text encoder's sizes."""


def install_into(webui: Path, files: TinySdxl) -> list[Path]:
    """Copy the files into a webui's models folder; nothing is overwritten. Returns the new files.

    Raises HostError when the folder is no webui's or holds them already.
    """
    models = webui / "models"
    if not (models / "Stable-diffusion").is_dir():
        raise HostError(f"{webui} is no webui: it has no models/Stable-diffusion.")
    target = models / "Stable-diffusion" / files.checkpoint.name
    photomaker = models / "FaceChain" / "photomaker" / files.photomaker.name
    words = models / "FaceChain" / "sdxl-random-clip"
    config = target.with_suffix(".yaml")
    taken = [str(path) for path in (target, photomaker, words, config) if path.exists()]
    if taken:
        raise HostError(f"These exist already and are not overwritten; delete them first: {', '.join(taken)}")
    for source, path in ((files.checkpoint, target), (files.photomaker, photomaker)):
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)
    state = read_state_dict(files.checkpoint)
    write_words(words, sizes.text_encoder_config(_part(state, SDXL_PREFIXES["text_encoder"])))
    config.write_text(json.dumps(sgm_config(state, words), indent=1), encoding="utf-8")
    return [target, photomaker, words, config]


def sgm_config(state: dict[str, Tensor], words: Path) -> dict[str, object]:
    """The configuration for sgm of a checkpoint, every size read off its weights; YAML reads JSON."""
    unet = sizes.sdxl_unet_config(_part(state, SDXL_PREFIXES["unet"]))
    vae = sizes.vae_config(_part(state, SDXL_PREFIXES["vae"]), "sdxl")
    text = sizes.text_encoder_config(_part(state, SDXL_PREFIXES["text_encoder"]))
    widths, latent, first = unet["block_out_channels"], vae["latent_channels"], vae["block_out_channels"][0]
    diffusion, encoders = "sgm.modules.diffusionmodules", "sgm.modules.encoders.modules"
    network = {
        "adm_in_channels": unet["projection_class_embeddings_input_dim"], "num_classes": "sequential",
        "use_checkpoint": False, "in_channels": unet["in_channels"], "out_channels": latent,
        "model_channels": widths[0], "attention_resolutions": [4, 2], "num_res_blocks": 2,
        "channel_mult": [width // widths[0] for width in widths], "num_head_channels": sizes.HEAD_WIDTH,
        "use_spatial_transformer": True, "use_linear_in_transformer": True,
        "transformer_depth": unet["transformer_layers_per_block"], "context_dim": unet["cross_attention_dim"],
        "spatial_transformer_attn_type": "softmax", "legacy": False,
    }  # fmt: skip
    details = {
        "attn_type": "vanilla", "double_z": True, "z_channels": latent, "resolution": 256, "in_channels": 3,
        "out_ch": 3, "ch": first, "ch_mult": [width // first for width in vae["block_out_channels"]],
        "num_res_blocks": vae["layers_per_block"], "attn_resolutions": [], "dropout": 0.0,
    }  # fmt: skip
    sizes_of_picture = ("original_size_as_tuple", "crop_coords_top_left", "target_size_as_tuple")
    embedders = [
        _embedder("txt", f"{encoders}.FrozenCLIPEmbedder", {
            "version": str(words.resolve()), "layer": "hidden", "layer_idx": text["num_hidden_layers"] - 1,
        }),
        _embedder("txt", f"{encoders}.FrozenOpenCLIPEmbedder2", {
            "arch": ARCH, "version": None, "freeze": True, "layer": "penultimate", "always_return_pooled": True,
            "legacy": False,
        }),
        *(_embedder(key, f"{encoders}.ConcatTimestepEmbedderND", {"outdim": 256}) for key in sizes_of_picture),
    ]  # fmt: skip
    denoiser = {
        "num_idx": 1000,
        "weighting_config": {"target": f"{diffusion}.denoiser_weighting.EpsWeighting"},
        "scaling_config": {"target": f"{diffusion}.denoiser_scaling.EpsScaling"},
        "discretization_config": {"target": f"{diffusion}.discretizer.LegacyDDPMDiscretization"},
    }
    params = {
        "scale_factor": vae["scaling_factor"], "disable_first_stage_autocast": True,
        "denoiser_config": {"target": f"{diffusion}.denoiser.DiscreteDenoiser", "params": denoiser},
        "network_config": {"target": f"{diffusion}.openaimodel.UNetModel", "params": network},
        "conditioner_config": {"target": "sgm.modules.GeneralConditioner", "params": {"emb_models": embedders}},
        "first_stage_config": {
            "target": "sgm.models.autoencoder.AutoencoderKLInferenceWrapper",
            "params": {
                "embed_dim": latent, "monitor": "val/rec_loss", "ddconfig": details,
                "lossconfig": {"target": "torch.nn.Identity"},
            },
        },
    }  # fmt: skip
    return {"model": {"target": "sgm.models.diffusion.DiffusionEngine", "params": params}}


def _embedder(key: str, target: str, params: dict[str, object]) -> dict[str, object]:
    return {"is_trainable": False, "input_key": key, "target": target, "params": params}


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
