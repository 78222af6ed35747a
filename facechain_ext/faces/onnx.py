"""Opening an ONNX file with onnxruntime, on the device for faces where the installed one can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facechain_ext.devices import face_device
from facechain_ext.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

_ON_CUDA = ("CUDAExecutionProvider", "ROCMExecutionProvider")
_ON_CPU = "CPUExecutionProvider"


def open_session(path: Path) -> Any:
    """An onnxruntime session; raises ImportError without onnxruntime, WeightsError when the file is no network."""
    import onnxruntime

    providers = providers_on(face_device(), onnxruntime.get_available_providers())
    try:
        return onnxruntime.InferenceSession(str(path), providers=providers)
    except Exception as error:  # onnxruntime's errors have no other common base
        raise WeightsError(f"{path.name} is not a network that onnxruntime can run ({error}).") from error


def providers_on(device: torch.device, available: Sequence[str]) -> list[Any]:
    """What onnxruntime is asked to use on ``device``, best first: a CUDA device by its number, and always the CPU."""
    graphics = [name for name in _ON_CUDA if name in available] if device.type == "cuda" else []
    return [*((name, {"device_id": device.index or 0}) for name in graphics), _ON_CPU]
