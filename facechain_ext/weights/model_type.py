"""The type of a model, detected from the names and shapes in its state dict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class HasShape(Protocol):
    """A tensor, or its entry in a file's header."""

    @property
    def shape(self) -> Sequence[int]:
        """Its sizes."""
        ...


SD15 = "a Stable Diffusion 1.5 checkpoint"
SDXL = "a Stable Diffusion XL checkpoint"
VAE = "a VAE"
LORA = "a LoRA"
CONTROLNET = "a ControlNet"
FACE_ADAPTER = "a FaceChain adapter"
SDXL_FACE_ADAPTER = "a FaceChain adapter for SDXL"
FACE_ENCODER = "a face encoder (TransFace)"
CARD = "a FaceChain card (an identity)"
PHOTOMAKER = "a PhotoMaker file"
UNKNOWN = "a file of unknown contents"

_UNET_PREFIX = "model.diffusion_model."
_REFINER_KEY = "input_blocks.10.0.in_layers.0.weight"
"""A fourth level, which SDXL's refiner has beside its label embedding and SDXL itself has not."""
_CROSS_ATTENTION_KEY = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"

_BY_SUFFIX = (
    ((".lora_down.weight", ".lora_up.weight", ".lora_A.weight", ".lora_B.weight", ".lora.down.weight"), LORA),
    ((".hada_w1_a", ".lokr_w1", ".lokr_w1_a", ".oft_blocks", ".oft_diag"), "a LyCORIS file (LoHa, LoKr or OFT)"),
)
_BY_PREFIX = (
    (("model_ema.",), "a checkpoint that holds only averaged weights (EMA)"),
    (("local_fac_prj.",), FACE_ADAPTER),
    (("control_model.", "zero_convs.", "controlnet_down_blocks.", "controlnet_cond_embedding."), CONTROLNET),
    (("image_proj.", "ip_adapter."), "an IP-Adapter"),
    (("string_to_param", "emb_params"), "a textual inversion embedding"),
    (("double_blocks.", "model.diffusion_model.double_blocks."), "a FLUX checkpoint"),
    (("joint_blocks.", "model.diffusion_model.joint_blocks."), "a Stable Diffusion 3 checkpoint"),
    (("encoder.conv_in.", "first_stage_model.encoder.conv_in.", "decoder.conv_in."), VAE),
    (("senet.", "patch_embed.proj."), FACE_ENCODER),
    (("face_tokens",), CARD),
    (("conditioner.embedders.",), SDXL),
    (("cond_stage_model.", "text_model."), "a text encoder"),
    (("down_blocks.", "time_embedding."), "a U-Net of diffusers without its VAE and text encoder"),
)


def detect_model_type(weights: Mapping[str, HasShape]) -> str:
    """The type of a state dict as a noun phrase: one of this module's constants or another.

    Distinguishes Stable Diffusion 1.x, 1.x inpainting, 2.x, 3, XL, FLUX, LoRA, LyCORIS, FaceChain's adapters, encoders
    and cards, PhotoMaker, ControlNet, IP-Adapter, textual inversion, VAE; anything else is ``UNKNOWN``.
    """
    if f"{_UNET_PREFIX}input_blocks.0.0.weight" in weights:
        return _detect_checkpoint(weights)
    if any(name.startswith("id_encoder.") for name in weights):
        return PHOTOMAKER
    for suffixes, kind in _BY_SUFFIX:
        if any(name.endswith(suffixes) for name in weights):
            return kind
    blocks = [name for name in weights if ".attn2.processor.linear." in name]
    if blocks:
        return FACE_ADAPTER if all(".transformer_blocks.0." in name for name in blocks) else SDXL_FACE_ADAPTER
    for prefixes, kind in _BY_PREFIX:
        if any(name.startswith(prefixes) for name in weights):
            return kind
    return UNKNOWN


_BY_INPUT_CHANNELS = {
    5: "a Stable Diffusion 1.5 depth-to-image checkpoint (5 input channels)",
    8: "an InstructPix2Pix checkpoint (8 input channels)",
    9: "a Stable Diffusion 1.5 inpainting checkpoint (9 input channels)",
}


def _detect_checkpoint(weights: Mapping[str, HasShape]) -> str:
    cross_attention = weights.get(f"{_UNET_PREFIX}{_CROSS_ATTENTION_KEY}")
    projection = weights.get(f"{_UNET_PREFIX}input_blocks.1.1.proj_in.weight")
    labels = f"{_UNET_PREFIX}label_emb.0.0.weight" in weights
    if labels and f"{_UNET_PREFIX}{_REFINER_KEY}" in weights:
        return "the refiner of Stable Diffusion XL"
    if labels or any(name.startswith("conditioner.") for name in weights):
        return SDXL
    if any(name.startswith("cond_stage_model.model.") for name in weights):
        return "a Stable Diffusion 2 checkpoint"
    # The projection is a convolution in Stable Diffusion 1 and a linear layer in 2.
    if cross_attention is None or projection is None or len(projection.shape) != 4:
        return "a checkpoint of an unknown U-Net"
    first_convolution = weights[f"{_UNET_PREFIX}input_blocks.0.0.weight"]
    channels = int(first_convolution.shape[1]) if len(first_convolution.shape) == 4 else 0
    if channels != 4:  # the latent has 4; conditioning pictures add further channels
        return _BY_INPUT_CHANNELS.get(channels, f"a checkpoint with {channels} input channels in place of 4")
    return SD15
