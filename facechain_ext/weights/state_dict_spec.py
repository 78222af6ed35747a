"""Compare the keys and shapes of a state dict with the layout that a model needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

Shape = tuple[int, ...]

_KINDS: tuple[tuple[str, str], ...] = (
    (".attn2.processor.alpha_attn", "a face adapter"),
    ("local_fac_prj.", "a face adapter"),
    ("lora_", "a LoRA"),
    (".lora_A.", "a LoRA"),
    ("lora_down", "a LoRA"),
    ("conditioner.embedders.", "an SDXL checkpoint"),
    ("cond_stage_model.model.", "an SD2 checkpoint"),
    ("model.diffusion_model.", "a Stable Diffusion checkpoint"),
    ("control_model.", "a ControlNet"),
    ("controlnet_", "a ControlNet"),
    ("senet.0.weight", "a TransFace encoder"),
    ("first_stage_model.", "a VAE"),
)
_COUNTERS = ("num_batches_tracked", "position_ids")
"""Endings of the names of tensors that hold whole numbers."""


def describe(keys: Mapping[str, object]) -> str:
    """Name, in the field's words, what kind of file has these keys; "an unknown model" when none is recognised."""
    for mark, kind in _KINDS:
        if any(mark in key for key in keys):
            return kind
    return "an unknown model"


def check_layout(found: Mapping[str, Tensor], expected: Mapping[str, Shape], *, what: str, source: str) -> None:
    """Raise unless ``found`` has exactly the keys of ``expected``, each of its shape.

    ``what`` is the wanted model ("a face adapter") and ``source`` the file's name, both for the message.
    Raises WeightsError that names the first missing, else the first unexpected, else the first misshaped key.
    """
    missing = next((key for key in expected if key not in found), None)
    unexpected = next((key for key in found if key not in expected), None)
    if missing is None and unexpected is None:
        for key, shape in expected.items():
            if tuple(found[key].shape) != shape:
                raise WeightsError(
                    f"{source} is not {what} of one size: {key} has shape {list(found[key].shape)}, "
                    f"the rest of the file asks for {list(shape)}. Download the file again."
                )
        return
    kind = describe(found)
    guess = f" It looks like {kind}: choose another file." if kind not in {what, "an unknown model"} else ""
    offence = f"the key {missing} is missing" if missing is not None else f"the key {unexpected} does not belong there"
    raise WeightsError(f"{source} is not {what}: {offence}.{guess or ' Choose another file or download it again.'}")


def check_values(found: Mapping[str, Tensor], *, what: str, source: str) -> None:
    """Raise unless every tensor of ``found`` holds floating-point numbers, all finite; counters of steps may be whole.

    ``what`` and ``source`` are for the message, as in check_layout. Raises WeightsError that names the first key.
    """
    for key, tensor in found.items():
        if key.endswith(_COUNTERS):
            continue
        if not tensor.is_floating_point():
            kind = str(tensor.dtype).removeprefix("torch.")
            raise WeightsError(
                f"{source} holds {kind} numbers ({key}), and {what} of floating-point numbers is needed. "
                "Choose a file in float16 or float32."
            )
        if not is_finite(tensor):
            raise WeightsError(f"{source} is damaged: {key} is in part not a number, or not finite. Download it again.")


def is_finite(tensor: Tensor) -> bool:
    """Whether every number of a floating-point tensor is finite."""
    if not tensor.numel():
        return True
    low, high = (tensor.float() if tensor.element_size() == 1 else tensor).aminmax()  # one pass; NaN comes through
    return bool(low.isfinite() and high.isfinite())


def require_key(found: Mapping[str, Tensor], key: str, dimensions: int, *, what: str, source: str) -> Tensor:
    """The tensor under ``key``, which sizes are read off.

    Raises WeightsError, as check_layout does, when it is missing or does not have ``dimensions`` dimensions.
    """
    if key not in found:
        check_layout({k: v for k, v in found.items() if k != key}, {key: ()}, what=what, source=source)
    tensor = found[key]
    if tensor.dim() != dimensions:
        raise WeightsError(
            f"{source} is not {what}: {key} has shape {list(tensor.shape)}, {dimensions} dimensions are needed. "
            "Choose another file or download it again."
        )
    return tensor
