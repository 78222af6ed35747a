"""Opening a ModelScope pipeline of a model folder on this disk; it never asks the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facechain_ext.devices import face_device
from facechain_ext.errors import WeightsError
from facechain_ext.weights import read_state_dict

if TYPE_CHECKING:
    from pathlib import Path


_PICKLES = (b"PK", b"\x80")
"""How files begin that torch.load unpickles, whatever they are called: a zip, or a bare pickle."""


def check_pickles(folder: Path) -> None:
    """Read every pickle in ``folder`` without running it; raises WeightsError that names one with more than weights."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            begins = file.read(2)
        if begins.startswith(_PICKLES):
            read_state_dict(path)


def open_pipeline(task: str, folder: Path) -> Any:
    """ModelScope's pipeline for ``task`` (the name of one of its Tasks) with the model in ``folder``.

    ModelScope unpickles weights as they are, so each is first read by the reader that runs no code. Raises ImportError
    where modelscope or a package of the model is not installed, WeightsError when the folder is not such a model or
    holds weights that could run code.
    """
    from modelscope.pipelines import pipeline
    from modelscope.utils.constant import Tasks

    check_pickles(folder)
    try:
        return pipeline(getattr(Tasks, task), model=str(folder), device=str(face_device()))
    except ImportError:
        raise
    except Exception as error:  # foreign code raises anything
        raise WeightsError(
            f"ModelScope cannot use {folder} ({error}). Delete the folder and download it again."
        ) from error
