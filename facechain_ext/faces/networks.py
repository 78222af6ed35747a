"""Opening face networks from files: torch state dicts, ONNX sessions, ModelScope pipelines; checks of their outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypedDict

import numpy as np

from facechain_ext.devices import face_device
from facechain_ext.errors import WeightsError
from facechain_ext.weights import read_state_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import ArrayLike, NDArray

_GPU_PROVIDERS = ("CUDAExecutionProvider", "ROCMExecutionProvider")
_CPU_PROVIDER = "CPUExecutionProvider"
_PICKLE_SIGNATURES = (b"PK", b"\x80")
"""First bytes of files that torch.load unpickles, whatever their names: a zip archive, or a bare pickle."""


def load_state_dict(network: torch.nn.Module, state: dict[str, torch.Tensor], path: Path) -> None:
    """Load ``state`` into ``network`` and set it to evaluation mode.

    Raises:
        WeightsError: a key is missing, unexpected or of another shape; the message names the first one and ``path``.
    """
    expected = network.state_dict()
    for key, value in expected.items():
        if key.endswith("num_batches_tracked"):  # BatchNorm counter, absent from older files and unused here
            state.setdefault(key, value)
        if key not in state:
            raise WeightsError(f"{path.name} lacks {key}; it is another network, or only part of this one.")
        if state[key].shape != value.shape:
            raise WeightsError(f"{path.name}: {key} is {list(state[key].shape)}, expected {list(value.shape)}.")
    unexpected = next((key for key in state if key not in expected), None)
    if unexpected is not None:
        raise WeightsError(f"{path.name} has {unexpected}, which this network lacks; it is another network.")
    network.load_state_dict(state)
    network.eval()


class OnnxTensor(Protocol):
    """Name and shape of an input or output of an ONNX network; a dimension of no fixed size is a string or None."""

    name: str
    shape: Sequence[int | str | None]


class OnnxSession(Protocol):
    """The part of onnxruntime.InferenceSession that is used here."""

    def get_inputs(self) -> Sequence[OnnxTensor]:
        """The inputs of the network."""
        ...

    def get_outputs(self) -> Sequence[OnnxTensor]:
        """The outputs of the network."""
        ...

    def run(
        self, output_names: Sequence[str] | None, inputs: Mapping[str, NDArray[np.float32]]
    ) -> Sequence[NDArray[np.float32]]:
        """The named outputs for ``inputs``; all outputs when ``output_names`` is None."""
        ...


def open_onnx_session(path: Path) -> OnnxSession:
    """An onnxruntime session for a file, on the device for faces where the installed onnxruntime supports it.

    Raises:
        ImportError: onnxruntime is not installed.
        WeightsError: the file is no network that onnxruntime can run.
    """
    import onnxruntime

    providers = onnx_providers(face_device(), onnxruntime.get_available_providers())
    try:
        session: OnnxSession = onnxruntime.InferenceSession(str(path), providers=providers)
    except Exception as error:  # onnxruntime's errors have no other common base
        raise WeightsError(f"{path.name} is not a network that onnxruntime can run ({error}).") from error
    return session


def onnx_providers(device: torch.device, available: Sequence[str]) -> list[str | tuple[str, dict[str, int]]]:
    """The execution providers for ``device``, best first: the GPU by its index where available, and always the CPU."""
    gpu = [name for name in _GPU_PROVIDERS if name in available] if device.type == "cuda" else []
    return [*((name, {"device_id": device.index or 0}) for name in gpu), _CPU_PROVIDER]


def check_pickles(folder: Path) -> None:
    """Read every pickle in ``folder`` without executing it.

    Raises:
        WeightsError: a pickle holds more than weights; the message names it.
    """
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            signature = file.read(2)
        if signature.startswith(_PICKLE_SIGNATURES):
            read_state_dict(path)


class ModelscopeOutput(TypedDict, total=False):
    """What ModelScope's detection (boxes, keypoints) and segmentation (labels, masks) pipelines return, row by row."""

    boxes: Sequence[Sequence[float]]
    keypoints: Sequence[Sequence[float]]
    labels: Sequence[str]
    masks: Sequence[ArrayLike]
    scores: Sequence[float]


def open_modelscope_pipeline(task: str, folder: Path) -> Callable[[NDArray[np.uint8]], ModelscopeOutput]:
    """ModelScope's pipeline for ``task`` (the name of one of its Tasks) with the model in ``folder``, without network.

    The pipeline is called with a BGR picture uint8 [h, w, 3]. ModelScope unpickles weights without checks, so
    each file is first read by the reader that executes no code.

    Raises:
        ImportError: modelscope or a package of the model is not installed.
        WeightsError: the folder is not such a model, or holds weights that could execute code.
    """
    from modelscope.pipelines import pipeline
    from modelscope.utils.constant import Tasks

    check_pickles(folder)
    try:
        opened: Callable[[NDArray[np.uint8]], ModelscopeOutput] = pipeline(
            getattr(Tasks, task), model=str(folder), device=str(face_device())
        )
    except ImportError:
        raise
    except Exception as error:  # foreign code raises anything
        raise WeightsError(
            f"ModelScope cannot use {folder} ({error}). Delete the folder and download it again."
        ) from error
    return opened


def normalize_embedding(output: ArrayLike, file_name: str) -> NDArray[np.float32]:
    """A recognition network's output for one face as float32 [n] of unit length.

    Raises:
        WeightsError: the output is zero or not finite; the message names ``file_name``.
    """
    vector = np.asarray(output, np.float32).ravel()
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0:
        raise WeightsError(f"{file_name} answers with no direction; the file is damaged or another network.")
    return vector / length
