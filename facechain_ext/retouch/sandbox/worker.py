"""The process that runs a repository's Python: pictures come by standard input, pictures go by standard output."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

import numpy as np

from facechain_ext.retouch.sandbox.image_transport import receive, send


def main(task: str, folder: str, device: str) -> None:
    """Answer requests for ModelScope's ``task`` with the model in ``folder`` on ``device`` until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the repository prints is no picture
    try:
        pipeline = _pipeline(task, folder, device)
    except Exception as error:  # noqa: BLE001 - foreign code raises anything; the other side is told
        send(answers, {}, error=_words(error))
        return
    send(answers, {}, ready=True)
    while True:
        try:
            pictures, _ = receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            send(answers, {"picture": _run(pipeline, pictures)})
        except Exception as error:  # noqa: BLE001 - as above
            send(answers, {}, error=_words(error))


def _pipeline(task: str, folder: str, device: str) -> Any:
    from modelscope.models import Model
    from modelscope.pipelines import pipeline

    # ModelScope 1.40 does not tell a repository's own pipeline that it is trusted, which then refuses its own model
    load: Any = Model.from_pretrained
    trusting: Any = functools.partial(load, trust_remote_code=True)
    Model.from_pretrained = trusting
    return pipeline(task, model=folder, trust_remote_code=True, device=device)


def _run(pipeline: Any, pictures: dict[str, Any]) -> Any:
    """RGB in, RGB out; ModelScope's arrays are BGR. One picture goes alone, several by their names."""
    given = {name: np.ascontiguousarray(pixels[:, :, ::-1]) for name, pixels in pictures.items()}
    answer = pipeline(given["picture"] if set(given) == {"picture"} else given)
    made = np.asarray(answer["output_img"])
    return np.clip(made, 0, 255).astype(np.uint8)[:, :, ::-1]


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


if __name__ == "__main__":
    main(*sys.argv[1:4])
