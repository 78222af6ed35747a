"""Opening a ModelScope pipeline of a model folder on this disk; it never asks the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facechain_ext.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path


def open_pipeline(task: str, folder: Path) -> Any:
    """ModelScope's pipeline for ``task`` (the name of one of its Tasks) with the model in ``folder``.

    Raises ImportError where modelscope or a package of the model is not installed, WeightsError when the folder is not
    such a model.
    """
    from modelscope.pipelines import pipeline
    from modelscope.utils.constant import Tasks

    try:
        return pipeline(getattr(Tasks, task), model=str(folder))
    except ImportError:
        raise
    except Exception as error:  # foreign code raises anything
        raise WeightsError(
            f"ModelScope cannot use {folder} ({error}). Delete the folder and download it again."
        ) from error
