"""Who describes the pictures of a training: a network of the host or of the models folder, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.training_runs.captioners import FOLDER, installed_captioners
from facechain_ext.ui.train.labels import NOBODY
from facechain_ext.weights import models_folder

if TYPE_CHECKING:
    from facechain_ext.training_runs.captioners import Captioner
    from facechain_ext.ui.host import PageHost


def captioner_names(host: PageHost) -> list[str]:
    """The choices of the page: nobody, the host's own, and those in the models folder."""
    return [NOBODY, *host.captioners(), *installed_captioners()]


def chosen_captioner(host: PageHost, name: str) -> Captioner | None:
    """The captioner of a choice, made ready; None for nobody.

    Raises InputError where it is not here any more, and WeightsError or HostError where it cannot be loaded.
    """
    if name in ("", NOBODY):
        return None
    load = {**installed_captioners(), **host.captioners()}.get(name)
    if load is None:
        raise InputError(f"{name} is not here any more; choose another, or nobody, for the captions.")
    return load()


def captioner_help() -> str:
    """What the choice means, and where further networks are put."""
    return (
        "A network that looks at each picture; nobody: what was measured, or the file's name for a style. Put a WD "
        f"tagger or a BLIP model, in a folder of its own, into {models_folder() / FOLDER} to find it here."
    )
