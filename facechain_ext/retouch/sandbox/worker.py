"""The worker of the sandbox process: pictures from standard input through a pipeline to standard output."""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.retouch.sandbox.image_transport import receive, send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from numpy.typing import ArrayLike

    from facechain_ext.faces.types import Pixels

    Pipeline: TypeAlias = Callable[[Pixels | dict[str, Pixels]], Mapping[str, ArrayLike]]


def main(task: str, folder: str, device: str) -> None:
    """Serve requests for ModelScope's ``task`` with the model in ``folder`` on ``device`` until the input ends."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # prints of the repository go to the log
    try:
        pipeline = _pipeline(task, folder, device)
    except Exception as error:  # noqa: BLE001 - foreign code raises anything; it is reported
        send(output, {}, {"error": _error_text(error)})
        return
    send(output, {}, {"state": "ready"})
    while True:
        try:
            pictures, _ = receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            send(output, {"picture": _run(pipeline, pictures)})
        except Exception as error:  # noqa: BLE001 - as above
            send(output, {}, {"error": _error_text(error)})


def _pipeline(task: str, folder: str, device: str) -> Pipeline:
    from modelscope.models import Model
    from modelscope.pipelines import pipeline

    # ModelScope 1.40 does not pass trust_remote_code on to a repository's own pipeline, which then refuses its model
    Model.from_pretrained = functools.partial(Model.from_pretrained, trust_remote_code=True)
    loaded: Pipeline = pipeline(task, model=folder, trust_remote_code=True, device=device)
    return loaded


def _run(pipeline: Pipeline, pictures: dict[str, Pixels]) -> Pixels:
    """The RGB output for RGB inputs; ModelScope's arrays are BGR. A single picture is passed without its name."""
    inputs = {name: np.ascontiguousarray(pixels[:, :, ::-1]) for name, pixels in pictures.items()}
    outputs = pipeline(inputs["picture"] if set(inputs) == {"picture"} else inputs)
    result = np.asarray(outputs["output_img"])
    return np.asarray(np.clip(result, 0, 255)[:, :, ::-1], np.uint8)


def _error_text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


if __name__ == "__main__":
    main(*sys.argv[1:4])
