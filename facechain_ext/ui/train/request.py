"""A style to train, and what is kept of it between its runs."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from facechain_ext.errors import HostError, PhotoError
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.styles import key_of
from facechain_ext.training_runs.settings import STATE
from facechain_ext.weights import models_folder

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

SETTINGS = "training-settings.json"
TRIGGER = "ownstyle"
"""The trigger word of a style for which none is given."""


def trainings_folder() -> Path:
    """Where the folders of all trainings of this page are."""
    return models_folder() / "training"


@dataclass(frozen=True)
class TrainRequest:
    """A style to train: its ``name`` and ``trigger`` word, the checkpoint's file, and how long."""

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
        """Where pictures, state and previews of this training are."""
        if not self.name.strip():
            raise PhotoError("Give the style a name.")
        return trainings_folder() / key_of(self.name.strip())

    @property
    def pictures(self) -> Path:
        """Where the pictures of this training and their captions are."""
        return self.folder / "pictures"


@dataclass(frozen=True)
class SavedSettings:
    """What a style was begun with, as the page shows it; ``checkpoint`` is its name in the page's list.

    A number that is 0 and a text that is empty are not known.
    """

    name: str
    trigger: str = ""
    checkpoint: str = ""
    steps: int = 0
    rate: float = 0.0
    rank: int = 0
    size: int = 0


def read_settings(request: TrainRequest) -> SavedSettings | None:
    """What is kept of a style; of one that an earlier release began, what its state says. None of an unknown one."""
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
    step, training = saved
    return SavedSettings(
        request.name.strip(), str(training.get("trigger", "")), "", step, float(training.get("rate", 0)),
        int(training.get("rank", 0)), int(training.get("size", 0)),
    )  # fmt: skip


def check_trigger(request: TrainRequest) -> None:
    """Keep the trigger word of a style that is new; raises HostError when the style was begun with another one."""
    saved = read_settings(request)
    if saved is None:
        _write_saved_settings(request, SavedSettings(request.name.strip(), request.trigger))
    elif saved.trigger not in ("", request.trigger) and saved_state(request.folder) is not None:
        raise HostError(
            f'This style was begun with the trigger word "{saved.trigger}"; set that again, or choose another name.'
        )


def write_settings(request: TrainRequest) -> None:
    """Keep what a style is trained with; raises HostError when it cannot be written."""
    values = (request.trigger, request.checkpoint_name, request.steps, request.rate, request.rank, request.size)
    _write_saved_settings(request, SavedSettings(request.name.strip(), *values))


def _write_saved_settings(request: TrainRequest, saved: SavedSettings) -> None:
    try:
        with atomic_write(request.folder / SETTINGS) as part:
            part.write_text(json.dumps(asdict(saved), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise HostError(f"{request.folder / SETTINGS} cannot be written ({error}); check the disk.") from error


def saved_state(folder: Path) -> tuple[int, dict[str, Any]] | None:
    """The step of the saved state of a training and what it was begun with; None when nothing was saved yet.

    Reads the head of the file alone. Raises HostError when it is damaged.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
        return int(metadata["step"]), dict(json.loads(metadata["identity"]))
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise HostError(f"{path} is damaged ({error}); begin again under another name.") from error
