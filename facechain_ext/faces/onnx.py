"""Opening an ONNX file with onnxruntime, on the GPU where the installed one can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facechain_ext.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

_WANTED = ("CUDAExecutionProvider", "ROCMExecutionProvider", "CPUExecutionProvider")


def open_session(path: Path) -> Any:
    """An onnxruntime session; raises ImportError without onnxruntime, WeightsError when the file is no network."""
    import onnxruntime

    there = onnxruntime.get_available_providers()
    try:
        return onnxruntime.InferenceSession(str(path), providers=[one for one in _WANTED if one in there])
    except Exception as error:  # onnxruntime's errors have no other common base
        raise WeightsError(f"{path.name} is not a network that onnxruntime can run ({error}).") from error
