"""Checks of a state dict against its specification: keys, shapes, dtypes and finite values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor

Shape = tuple[int, ...]

_MODELS_BY_KEY: tuple[tuple[str, str], ...] = (
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
_INTEGER_SUFFIXES = ("num_batches_tracked", "position_ids")
"""Suffixes of the keys of tensors that hold integers."""


def _guess_model(keys: Iterable[str]) -> str:
    """The model that has such keys, as a noun phrase; "an unknown model" when none is recognised."""
    for part, model in _MODELS_BY_KEY:
        if any(part in key for key in keys):
            return model
    return "an unknown model"


def check_state_dict(found: Mapping[str, Tensor], expected: Mapping[str, Shape], *, what: str, source: str) -> None:
    """Check that ``found`` has exactly the keys of ``expected``, each of its shape.

    ``what`` is the expected model ("a face adapter") and ``source`` the file's name, both for the message. Raises
    WeightsError that names the first missing, else the first unexpected key, else the first of another shape.
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
    model = _guess_model(found)
    guess = f" It looks like {model}: choose another file." if model not in {what, "an unknown model"} else ""
    fault = f"the key {missing} is missing" if missing is not None else f"the key {unexpected} does not belong there"
    raise WeightsError(f"{source} is not {what}: {fault}.{guess or ' Choose another file or download it again.'}")


def check_values(found: Mapping[str, Tensor], *, what: str, source: str) -> None:
    """Check that every tensor of ``found`` is floating-point and finite, except counters and position ids.

    ``what`` and ``source`` are for the message, as in check_state_dict. Raises WeightsError that names the first key.
    """
    for key, tensor in found.items():
        if key.endswith(_INTEGER_SUFFIXES):
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
    low, high = (tensor.float() if tensor.element_size() == 1 else tensor).aminmax()  # one pass; NaN propagates
    return bool(low.isfinite() and high.isfinite())


def require_key(found: Mapping[str, Tensor], key: str, dimensions: int, *, what: str, source: str) -> Tensor:
    """The tensor under ``key``, from which sizes are read.

    Raises WeightsError, as check_state_dict does, when it is missing or does not have ``dimensions`` dimensions.
    """
    if key not in found:
        check_state_dict({k: v for k, v in found.items() if k != key}, {key: ()}, what=what, source=source)
    tensor = found[key]
    if tensor.dim() != dimensions:
        raise WeightsError(
            f"{source} is not {what}: {key} has shape {list(tensor.shape)}, {dimensions} dimensions are needed. "
            "Choose another file or download it again."
        )
    return tensor
