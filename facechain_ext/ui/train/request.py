"""A training request, and the settings that are saved between its runs."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from safetensors import SafetensorError, safe_open

from facechain_ext.errors import HostError, InputError, PhotoError
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.styles import key_of
from facechain_ext.training_runs.settings import STATE
from facechain_ext.weights import models_folder

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

SETTINGS = "training-settings.json"


def trainings_folder() -> Path:
    """The folder that holds the folders of all trainings."""
    return models_folder() / "training"


@dataclass(frozen=True)
class TrainRequest:
    """A style to train: ``name``, ``trigger`` word, the checkpoint's file, and the hyperparameters."""

    name: str
    trigger: str
    checkpoint: Path
    steps: int = 1500
    rate: float = 1e-4
    rank: int = 16
    size: int = 512
    lora_folder: Path | None = None
    resume: bool = False
    checkpoint_name: str = ""

    @property
    def folder(self) -> Path:
        """The folder of this training's pictures, state and previews; raises PhotoError without a name."""
        if not self.name.strip():
            raise PhotoError("Give the style a name.")
        return trainings_folder() / key_of(self.name.strip())

    @property
    def pictures(self) -> Path:
        """The folder of this training's pictures and captions."""
        return self.folder / "pictures"


class InitialSettings(NamedTuple):
    """The settings in the header of a saved state, which resuming requires; 0 and "" mean unknown."""

    trigger: str
    rate: float
    rank: int
    size: int


@dataclass(frozen=True)
class SavedSettings:
    """The settings with which a training was started; ``checkpoint`` is its name in the page's list.

    0 and "" mean unknown.
    """

    name: str
    trigger: str = ""
    checkpoint: str = ""
    steps: int = 0
    rate: float = 0.0
    rank: int = 0
    size: int = 0


def read_settings(request: TrainRequest) -> SavedSettings | None:
    """The saved settings of a style, from its state where an earlier release wrote none; None for an unknown style."""
    path = request.folder / SETTINGS
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return SavedSettings(
            str(raw["name"]), str(raw["trigger"]), str(raw["checkpoint"]), int(raw["steps"]), float(raw["rate"]),
            int(raw["rank"]), int(raw["size"]),
        )  # fmt: skip
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning("%s cannot be read (%s); the settings of the state are shown", path, error)
    saved = saved_state(request.folder)
    if saved is None:
        return None
    step, initial = saved
    return SavedSettings(request.name.strip(), initial.trigger, "", step, initial.rate, initial.rank, initial.size)


def check_trigger(request: TrainRequest) -> None:
    """Save the trigger word of a new style; raises InputError when its training has started with another one."""
    saved = read_settings(request)
    if saved is None:
        _write_saved_settings(request, SavedSettings(request.name.strip(), request.trigger))
    elif saved.trigger not in ("", request.trigger) and saved_state(request.folder) is not None:
        raise InputError(
            f'This style was begun with the trigger word "{saved.trigger}"; set that again, or choose another name.'
        )


def write_settings(request: TrainRequest) -> None:
    """Save the settings of a training; raises HostError when they cannot be written."""
    values = (request.trigger, request.checkpoint_name, request.steps, request.rate, request.rank, request.size)
    _write_saved_settings(request, SavedSettings(request.name.strip(), *values))


def _write_saved_settings(request: TrainRequest, saved: SavedSettings) -> None:
    try:
        with atomic_write(request.folder / SETTINGS) as part:
            part.write_text(json.dumps(asdict(saved), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise HostError(f"{request.folder / SETTINGS} cannot be written ({error}); check the disk.") from error


def _initial_settings(
    *, trigger: str = "", rate: float = 0, rank: int = 0, size: int = 0, **_: object
) -> InitialSettings:
    """The settings of a state's header that the page compares."""
    return InitialSettings(trigger=str(trigger), rate=float(rate), rank=int(rank), size=int(size))


def saved_state(folder: Path) -> tuple[int, InitialSettings] | None:
    """Step and initial settings of a training's saved state; None when nothing was saved yet.

    Reads only the header of the file. Raises HostError when it is damaged.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
        return int(metadata["step"]), _initial_settings(**json.loads(metadata["identity"]))
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise HostError(f"{path} is damaged ({error}); begin again under another name.") from error
